// Tests which contacts of a book are registered, with the ConnectyCube SDK.

import assert from 'node:assert/strict';
import test from 'node:test';
import { newcomer, profile, signUp } from './connectycube.mjs';
import { digits, eventually, observed } from './local-server.mjs';

/** Returns a registered user in the compact form. */
const compact = (user, phone, name) => ({ user: { id: user.id, phone: digits(phone), address_book_name: name } });

test('a contact who signed up before shows at once, with id, phone and name in the compact form', async () => {
  const [alice, bob] = [newcomer(), newcomer('+16505550110')];
  const user = await signUp(bob, { full_name: 'Robert' });
  await alice.sdk.addressbook.uploadAddressBook([
    { name: 'Bob', phone: '+1 (650) 555-0110' },
    { name: 'Nobody', phone: '+1 650 555 0111' },
  ]);
  const expected = { items: [compact(user, bob.phone, 'Bob')] };
  assert.deepEqual(await observed(() => alice.sdk.addressbook.getRegisteredUsers(true)), {
    answer: expected,
    exchanges: [{ method: 'GET', path: '/address_book/registered_users.json?compact=1', status: 200 }],
  });
  assert.deepEqual(await alice.sdk.addressbook.getRegisteredUsers({ compact: 1 }), expected);
});

test('a contact who signs up later shows soon', async () => {
  const [alice, bob] = [newcomer(), newcomer('+16505550112')];
  await alice.sdk.addressbook.uploadAddressBook([{ name: 'Bob', phone: bob.phone }]);
  assert.deepEqual(await alice.sdk.addressbook.getRegisteredUsers(true), { items: [] });
  const user = await signUp(bob);
  await eventually(() => alice.sdk.addressbook.getRegisteredUsers(true), {
    items: [compact(user, bob.phone, 'Bob')],
  });
});

test('the full form is the whole profile with the name in the book', async () => {
  const [alice, bob] = [newcomer(), newcomer('+16505550113')];
  const fields = {
    full_name: 'Robert',
    login: 'bob',
    email: 'bob@example.com',
    website: 'https://example.com/bob',
    avatar: 'https://example.com/bob.png',
    custom_data: '{"colour":"blue"}',
    facebook_id: '1001',
    twitter_id: '1002',
    external_id: 'bob-1003',
    external_user_id: 1004,
    blob_id: 1005,
    timezone: -7,
  };
  const user = await signUp(bob, { ...fields, tag_list: ['friend', 'neighbour'] });
  await alice.sdk.addressbook.uploadAddressBook([{ name: 'Bob', phone: bob.phone }]);
  const expected = {
    ...profile(fields, user),
    phone: digits(bob.phone),
    user_tags: 'friend,neighbour',
    address_book_name: 'Bob',
  };
  assert.deepEqual(await observed(() => alice.sdk.addressbook.getRegisteredUsers()), {
    answer: { items: [{ user: expected }] },
    exchanges: [{ method: 'GET', path: '/address_book/registered_users.json?compact=0', status: 200 }],
  });
  assert.deepEqual(await alice.sdk.addressbook.getRegisteredUsers({ compact: 0 }), { items: [{ user: expected }] });
});

test('fields that a user never set are null in the full form, and none is missing', async () => {
  const [alice, bob] = [newcomer(), newcomer('+16505550114')];
  const user = await signUp(bob);
  await alice.sdk.addressbook.uploadAddressBook([{ name: 'Bob', phone: bob.phone }]);
  const expected = { ...profile({ phone: digits(bob.phone) }, user), address_book_name: 'Bob' };
  assert.deepEqual(await alice.sdk.addressbook.getRegisteredUsers(false), { items: [{ user: expected }] });
});

test("registered users come in the book's order and without the caller", async () => {
  const people = ['+16505550115', '+16505550116', '+16505550117'].map(newcomer);
  const users = [];
  for (const person of people) users.push(await signUp(person));
  const [alice, bob, carol] = people;
  await alice.sdk.addressbook.uploadAddressBook([
    { name: 'Carol', phone: carol.phone },
    { name: 'Me', phone: alice.phone },
    { name: 'Bob', phone: bob.phone },
  ]);
  assert.deepEqual(await alice.sdk.addressbook.getRegisteredUsers(true), {
    items: [compact(users[2], carol.phone, 'Carol'), compact(users[1], bob.phone, 'Bob')],
  });
});

test('registered users are only those in the requested book', async () => {
  const [alice, bob] = [newcomer(), newcomer('+16505550118')];
  const user = await signUp(bob);
  await alice.sdk.addressbook.uploadAddressBook([{ name: 'Bob', phone: bob.phone }], { udid: 'phone' });
  assert.deepEqual(await alice.sdk.addressbook.getRegisteredUsers({ compact: 1, udid: 'phone' }), {
    items: [compact(user, bob.phone, 'Bob')],
  });
  assert.deepEqual(await alice.sdk.addressbook.getRegisteredUsers({ compact: 1, udid: 'tablet' }), { items: [] });
  assert.deepEqual(await alice.sdk.addressbook.getRegisteredUsers(true), { items: [] });
});

test('a contact who is destroyed no longer shows, and under a new name shows at once', async () => {
  const [alice, bob] = [newcomer(), newcomer('+16505550119')];
  const user = await signUp(bob);
  const { addressbook } = alice.sdk;
  await addressbook.uploadAddressBook([{ name: 'Bob', phone: bob.phone }]);
  await addressbook.uploadAddressBook([{ name: 'Bobby', phone: bob.phone }]);
  assert.deepEqual(await addressbook.getRegisteredUsers(true), { items: [compact(user, bob.phone, 'Bobby')] });
  await addressbook.uploadAddressBook([{ phone: bob.phone, destroy: 1 }]);
  assert.deepEqual(await addressbook.getRegisteredUsers(true), { items: [] });
});
