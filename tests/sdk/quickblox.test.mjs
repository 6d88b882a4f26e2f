// Tests uploading and reading a book, with the QuickBlox SDK.

import assert from 'node:assert/strict';
import test from 'node:test';
import { newcomer, profile, signUp } from './connectycube.mjs';
import { digits, newUser, observed } from './local-server.mjs';
import { connect } from './quickblox.mjs';

const NOTHING = { created: 0, updated: 0, deleted: 0, rejected: {} };

/** Returns ten contacts with consecutive numbers: `people('010')` has +1 415 555 0100 to 0109. */
const people = (ten) =>
  Array.from({ length: 10 }, (_, last) => ({ name: `Somebody ${last}`, phone: `1415555${ten}${last}` }));

const newBook = () => connect(newUser().token);

test('an upload again with new names updates every contact', async () => {
  const book = newBook();
  const contacts = people('010');
  assert.deepEqual(await observed(() => book.uploadAddressBook(contacts)), {
    answer: { ...NOTHING, created: 10 },
    exchanges: [{ method: 'POST', path: '/address_book.json', status: 200 }],
  });
  const renamed = contacts.map(({ name, phone }) => ({ name: `${name} renamed`, phone }));
  assert.deepEqual(await book.uploadAddressBook(renamed), { ...NOTHING, updated: 10 });
  assert.deepEqual(await book.get(), renamed);
});

test("a forced upload replaces a device's book, which a query in JSON reads", async () => {
  const book = newBook();
  const udid = 'D337E8A4-80AD-8ABA-9F5D-579EFF6BACAB';
  const contacts = people('011');
  assert.deepEqual(await book.uploadAddressBook(contacts, { udid }), { ...NOTHING, created: 10 });
  const kept = contacts.slice(0, 4);
  assert.deepEqual(await book.uploadAddressBook(kept, { udid, force: 1 }), { ...NOTHING, deleted: 6 });
  const { answer, exchanges } = await observed(() => book.get(udid));
  assert.deepEqual(answer, kept);
  assert.deepEqual(exchanges, [
    { method: 'GET', path: `/address_book.json?%7B%22udid%22:%22${udid}%22%7D`, status: 200 },
  ]);
  assert.deepEqual(await book.get('another device'), []);
  assert.deepEqual(await book.get(), []);
});

test('a contact is destroyed', async () => {
  const book = newBook();
  const contacts = people('012').slice(0, 2);
  await book.uploadAddressBook(contacts);
  const destroy = [{ phone: contacts[0].phone, destroy: 1 }];
  assert.deepEqual(await book.uploadAddressBook(destroy), { ...NOTHING, deleted: 1 });
  assert.deepEqual(await book.get(), [contacts[1]]);
});

test('an empty book is an empty array, and the server itself says so', async () => {
  const book = newBook();
  assert.deepEqual(await observed(() => book.get()), {
    answer: [],
    exchanges: [{ method: 'GET', path: '/address_book.json', status: 200 }],
  });
  assert.deepEqual(await book.getRegisteredUsers(), { items: [] });
});

test('registered users come compact and in full', async () => {
  const [book, ola] = [newBook(), newcomer('+14155550130')];
  const user = await signUp(ola, { full_name: 'Ola Nordmann' });
  await book.uploadAddressBook([
    { name: 'Ola', phone: '+1 415 555 0130' },
    { name: 'Nobody', phone: '+1 415 555 0131' },
  ]);
  const phone = digits(ola.phone);
  assert.deepEqual(await observed(() => book.getRegisteredUsers(true)), {
    answer: { items: [{ user: { id: user.id, phone, address_book_name: 'Ola' } }] },
    exchanges: [{ method: 'GET', path: '/address_book/registered_users.json?compact=1', status: 200 }],
  });
  const full = { ...profile({ full_name: 'Ola Nordmann', phone }, user), address_book_name: 'Ola' };
  assert.deepEqual(await observed(() => book.getRegisteredUsers()), {
    answer: { items: [{ user: full }] },
    exchanges: [{ method: 'GET', path: '/address_book/registered_users.json', status: 200 }],
  });
});

test('a rejected contact is named by its place with its message', async () => {
  const book = newBook();
  const contacts = [{ name: 'Too short', phone: '12345' }, people('014')[0]];
  assert.deepEqual(await book.uploadAddressBook(contacts), {
    ...NOTHING,
    created: 1,
    rejected: { 0: ["Length of 'phone' field should be min: 10 and max: 15."] },
  });
});

test('a request without a session is refused with the sentence that the SDK knows', async () => {
  await assert.rejects(connect(null).get(), {
    code: 401,
    message: { errors: { base: ['Required session does not exist'] } },
  });
});

test('the SDK hears that its session expired, renews it and sends the request again', async () => {
  const { token } = newUser();
  const book = connect(null, (_giveUp, retry) => retry({ token }));
  const { answer, exchanges } = await observed(() => book.get());
  assert.deepEqual(answer, []);
  assert.deepEqual(exchanges.map(({ status }) => status), [401, 200]);
});
