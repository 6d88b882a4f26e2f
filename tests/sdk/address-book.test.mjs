// Tests uploading and reading a book, with the ConnectyCube SDK.

import assert from 'node:assert/strict';
import test from 'node:test';
import { newcomer } from './connectycube.mjs';
import { observed } from './local-server.mjs';

/** The contacts of ConnectyCube's documentation. */
const DOCUMENTED = [
  { name: 'Gordie Kann', phone: '1879108395' },
  { name: 'Wildon Gilks', phone: '2759108396' },
  { name: 'Dacia McCombie', phone: '3759108396' },
];

const NOTHING = { created: 0, updated: 0, deleted: 0, rejected: {} };
const PHONE_LENGTH = "Length of 'phone' field should be min: 10 and max: 15.";
const NAME_LENGTH = "Length of 'name' field should be min: 1 and max: 255.";

test('the documented contacts are created once, and the same upload again changes nothing', async () => {
  const { addressbook } = newcomer().sdk;
  const first = await observed(() => addressbook.uploadAddressBook(DOCUMENTED));
  assert.deepEqual(first, {
    answer: { ...NOTHING, created: 3 },
    exchanges: [{ method: 'POST', path: '/address_book.json', status: 200 }],
  });
  assert.deepEqual(await addressbook.uploadAddressBook(DOCUMENTED), NOTHING);
  assert.deepEqual(await addressbook.get(), DOCUMENTED);
});

test('a contact with another name or another spelling is updated', async () => {
  const { addressbook } = newcomer().sdk;
  await addressbook.uploadAddressBook([...DOCUMENTED, { name: 'Ola', phone: '+16505550100' }]);
  const edits = [
    { name: 'Gordie Cann', phone: '1879108395' },
    { name: 'Dacia McCombie', phone: '3759108396' },
    { name: 'Ola', phone: '+1 (650) 555-0100' },
  ];
  assert.deepEqual(await addressbook.uploadAddressBook(edits), { ...NOTHING, updated: 2 });
  assert.deepEqual(await addressbook.get(), [edits[0], DOCUMENTED[1], DOCUMENTED[2], edits[2]]);
});

test('a destroyed contact is deleted, and one that is not there does not count', async () => {
  const { addressbook } = newcomer().sdk;
  await addressbook.uploadAddressBook(DOCUMENTED);
  const destroy = [{ phone: '2759108396', destroy: 1 }, { phone: '3759108396', destroy: '1' }];
  assert.deepEqual(await addressbook.uploadAddressBook(destroy), { ...NOTHING, deleted: 2 });
  assert.deepEqual(await addressbook.uploadAddressBook(destroy), NOTHING);
  assert.deepEqual(await addressbook.get(), [DOCUMENTED[0]]);
});

test('one upload creates, updates and deletes', async () => {
  const { addressbook } = newcomer().sdk;
  await addressbook.uploadAddressBook(DOCUMENTED.slice(0, 2));
  const changes = [
    { name: 'Gordie Cann', phone: '1879108395' },
    { phone: '2759108396', destroy: 1 },
    DOCUMENTED[2],
  ];
  const answer = { created: 1, updated: 1, deleted: 1, rejected: {} };
  assert.deepEqual(await addressbook.uploadAddressBook(changes), answer);
  assert.deepEqual(await addressbook.get(), [changes[0], DOCUMENTED[2]]);
});

test('a forced upload replaces the whole book, and one without contacts empties it', async () => {
  const { addressbook } = newcomer().sdk;
  await addressbook.uploadAddressBook(DOCUMENTED);
  const next = [{ name: 'Dacia', phone: '3759108396' }, { name: 'Ola', phone: '+1 650 555 0101' }];
  const answer = { created: 1, updated: 1, deleted: 2, rejected: {} };
  assert.deepEqual(await addressbook.uploadAddressBook(next, { force: 1 }), answer);
  assert.deepEqual(await addressbook.get(), next);
  assert.deepEqual(await addressbook.uploadAddressBook([], { force: 1 }), { ...NOTHING, deleted: 2 });
  assert.deepEqual(await addressbook.get(), []);
});

test("a device's book is apart from the global one and from other devices'", async () => {
  const { addressbook } = newcomer().sdk;
  const [global, phone, tablet] = [
    DOCUMENTED,
    [{ name: 'Gordie at work', phone: '1879108395' }],
    [{ name: 'Ola', phone: '+1 650 555 0102' }],
  ];
  assert.deepEqual(await addressbook.uploadAddressBook(global), { ...NOTHING, created: 3 });
  assert.deepEqual(await addressbook.uploadAddressBook(phone, { udid: 'phone' }), { ...NOTHING, created: 1 });
  assert.deepEqual(await addressbook.uploadAddressBook(tablet, { udid: 'A/B #1&2' }), { ...NOTHING, created: 1 });
  assert.deepEqual(await addressbook.uploadAddressBook([], { udid: 'phone', force: 1 }), { ...NOTHING, deleted: 1 });
  assert.deepEqual(await addressbook.get(), global);
  assert.deepEqual(await addressbook.get('phone'), []);
  assert.deepEqual(await addressbook.get('A/B #1&2'), tablet);
});

test("nobody sees another user's book", async () => {
  const [alice, bob] = [newcomer(), newcomer()];
  await alice.sdk.addressbook.uploadAddressBook(DOCUMENTED);
  await alice.sdk.addressbook.uploadAddressBook(DOCUMENTED, { udid: 'phone' });
  assert.deepEqual(await bob.sdk.addressbook.get(), []);
  assert.deepEqual(await bob.sdk.addressbook.get('phone'), []);
});

test('contacts come in the order in which they first came, each as it was uploaded', async () => {
  const { addressbook } = newcomer().sdk;
  const [ola, zoe, amy] = [
    { name: 'Ola', phone: '+1 (650) 555-0103' },
    { name: 'Zoë 🦊', phone: '001 650 555 0104' },
    { name: 'שלום', phone: '16505550105' },
  ];
  await addressbook.uploadAddressBook([zoe, amy]);
  assert.deepEqual(await addressbook.get(), [zoe, amy]);
  await addressbook.uploadAddressBook([ola, { ...amy, name: 'Amy' }, { ...zoe, name: 'Zoë' }]);
  assert.deepEqual(await addressbook.get(), [{ ...zoe, name: 'Zoë' }, { ...amy, name: 'Amy' }, ola]);
});

test('if a phone is twice in an upload, the last one wins and counts once', async () => {
  const { addressbook } = newcomer().sdk;
  const twice = [{ name: 'Ola', phone: '+16505550106' }, { name: 'Ola N.', phone: '+1 650 555 0106' }];
  assert.deepEqual(await addressbook.uploadAddressBook(twice), { ...NOTHING, created: 1 });
  assert.deepEqual(await addressbook.get(), [twice[1]]);
});

test('an empty book is an empty array', async () => {
  const { addressbook } = newcomer().sdk;
  assert.deepEqual(await observed(() => addressbook.get()), {
    answer: [],
    exchanges: [{ method: 'GET', path: '/address_book.json', status: 200 }],
  });
  assert.deepEqual(await addressbook.get('never seen'), []);
  assert.deepEqual(await addressbook.getRegisteredUsers(), { items: [] });
  assert.deepEqual(await addressbook.uploadAddressBook([]), NOTHING);
});

test('a rejected contact is named by its place with its message and never fails the others', async () => {
  const { addressbook } = newcomer().sdk;
  const contacts = [
    DOCUMENTED[0],
    { name: 'Too short', phone: '123456789' },
    { name: 'Too long', phone: '1234567890123456' },
    DOCUMENTED[1],
    { name: '', phone: '+1 650 555 0107' },
    { name: 'x'.repeat(256), phone: '+1 650 555 0108' },
    { name: ['Ola'], phone: '+1 650 555 0109' },
    { phone: '12', destroy: 1 },
  ];
  assert.deepEqual(await addressbook.uploadAddressBook(contacts), {
    created: 2,
    updated: 0,
    deleted: 0,
    rejected: {
      1: [PHONE_LENGTH],
      2: [PHONE_LENGTH],
      4: [NAME_LENGTH],
      5: [NAME_LENGTH],
      6: ['Invalid fields set'],
      7: [PHONE_LENGTH],
    },
  });
  assert.deepEqual(await addressbook.get(), DOCUMENTED.slice(0, 2));
});

test('an upload in which every contact is bad still succeeds', async () => {
  const { addressbook } = newcomer().sdk;
  const upload = await observed(() => addressbook.uploadAddressBook([{ name: 'Ola', phone: '1' }]));
  assert.deepEqual(upload, {
    answer: { ...NOTHING, rejected: { 0: [PHONE_LENGTH] } },
    exchanges: [{ method: 'POST', path: '/address_book.json', status: 200 }],
  });
});

test('a udid of more than 64 characters is refused', async () => {
  const { addressbook } = newcomer().sdk;
  const refused = (error) => {
    assert.deepEqual([error.code, Object.keys(error.info.errors)], [422, ['udid']]);
    return true;
  };
  await assert.rejects(addressbook.uploadAddressBook(DOCUMENTED, { udid: 'x'.repeat(65) }), refused);
  await assert.rejects(addressbook.get('x'.repeat(65)), refused);
  assert.deepEqual(await addressbook.get('x'.repeat(64)), []);
});

test('a name that was cut inside an emoji spoils neither the upload nor the other contacts', async () => {
  const { addressbook } = newcomer().sdk;
  // JSON.stringify writes the half that is left as an escape.
  const names = ['Ola \u{1F600}'.slice(0, -1), '\uDE00\uD83D', 'Ben \u{1F600}'];
  const contacts = names.map((name, n) => ({ name, phone: `+1650555010${n}` }));
  assert.match(JSON.stringify(contacts), /\\ud83d"/);
  assert.deepEqual(await addressbook.uploadAddressBook(contacts), { ...NOTHING, created: 3 });
  const wellFormed = contacts.map(({ name, phone }) => ({ name: name.toWellFormed(), phone }));
  assert.deepEqual(await addressbook.get(), wellFormed);
});
