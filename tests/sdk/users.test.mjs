// Tests signing up, changing and leaving, with the ConnectyCube SDK.

import assert from 'node:assert/strict';
import test from 'node:test';
import { newcomer, ownProfile, signUp } from './connectycube.mjs';
import { digits, eventually, observed } from './local-server.mjs';

/** Checks that an error has this status and is about these fields. */
const refusal = (code, ...fields) => (error) => {
  assert.deepEqual({ code: error.code, fields: Object.keys(error.info.errors) }, { code, fields });
  return true;
};

test('a sign-up answers 201 with the full profile', async () => {
  const alice = newcomer('+16505550120');
  const fields = { full_name: 'Alice', login: 'alice', email: 'alice@example.com' };
  const { answer, exchanges } = await observed(() =>
    alice.sdk.users.signup({ ...fields, password: 'not kept', phone: '+1 650 555 0120', tag_list: ['one', 'two'] }),
  );
  assert.deepEqual(exchanges, [{ method: 'POST', path: '/users.json', status: 201 }]);
  assert.deepEqual(answer, {
    user: ownProfile({ ...fields, phone: digits(alice.phone), user_tags: 'one,two' }, answer.user),
  });
});

test('a sign-up counts the phone of the token, named or not, and refuses any other', async () => {
  const [alice, bob] = [newcomer('+16505550121'), newcomer()];
  await assert.rejects(alice.sdk.users.signup({ phone: '+1 650 555 0122' }), refusal(422, 'phone'));
  await assert.rejects(bob.sdk.users.signup({ phone: '+1 650 555 0122' }), refusal(422, 'phone'));
  const user = await signUp(alice);
  assert.deepEqual(user, ownProfile({ phone: digits(alice.phone) }, user));
  const other = await signUp(bob);
  assert.deepEqual(other, ownProfile({}, other));
});

test("a number that was given to another person is that person's", async () => {
  const [reader, before, after] = [newcomer(), newcomer('+16505550123'), newcomer('+16505550123')];
  await signUp(before, { full_name: 'Before' });
  await reader.sdk.addressbook.uploadAddressBook([{ name: 'Ola', phone: before.phone }]);
  const user = await signUp(after, { full_name: 'After' });
  await eventually(() => reader.sdk.addressbook.getRegisteredUsers(true), {
    items: [{ user: { id: user.id, phone: digits(after.phone), address_book_name: 'Ola' } }],
  });
  const { user: left } = await before.sdk.users.update({ website: 'https://example.com' });
  assert.deepEqual(left, ownProfile({ full_name: 'Before', website: 'https://example.com' }, left));
});

test('an update changes what it names and nothing else, and others see it', async () => {
  const [alice, bob] = [newcomer('+16505550124'), newcomer()];
  const before = await signUp(alice, { full_name: 'Alice', email: 'alice@example.com' });
  await bob.sdk.addressbook.uploadAddressBook([{ name: 'Ally', phone: alice.phone }]);
  const { answer, exchanges } = await observed(() => alice.sdk.users.update({ full_name: 'Alice B.', timezone: 2 }));
  const { user } = answer;
  assert.deepEqual(exchanges, [{ method: 'PUT', path: `/users/${before.id}.json`, status: 200 }]);
  assert.deepEqual(user, { ...before, full_name: 'Alice B.', timezone: 2, updated_at: user.updated_at });
  const { items } = await bob.sdk.addressbook.getRegisteredUsers();
  assert.deepEqual(items.map(({ user: seen }) => [seen.full_name, seen.timezone, seen.address_book_name]), [
    ['Alice B.', 2, 'Ally'],
  ]);
});

test('an SDK that does not know its user changes and deletes the caller', async () => {
  const alice = newcomer('+16505550131');
  const { user: before } = await alice.sdk.users.signup({ full_name: 'Alice' });
  const { answer, exchanges } = await observed(() => alice.sdk.users.update({ full_name: 'Alice B.' }));
  assert.deepEqual(exchanges, [{ method: 'PUT', path: '/users.json', status: 200 }]);
  assert.deepEqual(answer.user, { ...before, full_name: 'Alice B.', updated_at: answer.user.updated_at });
  const left = await observed(() => alice.sdk.users.delete());
  assert.deepEqual(left.exchanges, [{ method: 'DELETE', path: '/users.json', status: 200 }]);
  await assert.rejects(alice.sdk.users.update({ full_name: 'Alice C.' }), refusal(404, 'base'));
});

test("nobody changes or deletes another user's account", async () => {
  const [alice, mallory] = [newcomer('+16505550125'), newcomer('+16505550126')];
  const user = await signUp(alice, { full_name: 'Alice' });
  await signUp(mallory);
  mallory.sdk.service.setCurrentUserId(user.id);
  await assert.rejects(mallory.sdk.users.update({ full_name: 'Mallory' }), refusal(403, 'base'));
  await assert.rejects(mallory.sdk.users.delete(), refusal(403, 'base'));
  const { user: still } = await alice.sdk.users.update({});
  assert.deepEqual(still, { ...user, updated_at: still.updated_at });
});

test('a user who leaves has no book any more, and shows in no other', async () => {
  const [alice, bob] = [newcomer('+16505550127'), newcomer()];
  const user = await signUp(alice);
  await alice.sdk.addressbook.uploadAddressBook([{ name: 'Ola', phone: '+1 650 555 0128' }]);
  await alice.sdk.addressbook.uploadAddressBook([{ name: 'Ola', phone: '+1 650 555 0128' }], { udid: 'phone' });
  await bob.sdk.addressbook.uploadAddressBook([{ name: 'Ally', phone: alice.phone }]);
  assert.equal((await bob.sdk.addressbook.getRegisteredUsers(true)).items.length, 1);

  const { answer, exchanges } = await observed(() => alice.sdk.users.delete());
  assert.deepEqual(JSON.parse(answer), {});
  assert.deepEqual(exchanges, [{ method: 'DELETE', path: `/users/${user.id}.json`, status: 200 }]);
  await eventually(() => bob.sdk.addressbook.getRegisteredUsers(true), { items: [] });
  await eventually(() => bob.sdk.addressbook.getRegisteredUsers(), { items: [] });
  assert.deepEqual(await bob.sdk.addressbook.get(), [{ name: 'Ally', phone: alice.phone }]);
  assert.deepEqual(await alice.sdk.addressbook.get(), []);
  assert.deepEqual(await alice.sdk.addressbook.get('phone'), []);
  assert.deepEqual(JSON.parse(await alice.sdk.users.delete()), {}, 'leaving may be repeated');
});

test('a user who left and signs up again is a new user', async () => {
  const alice = newcomer('+16505550129');
  const first = await signUp(alice, { full_name: 'Alice' });
  await alice.sdk.users.delete();
  const second = await signUp(alice);
  assert.notEqual(second.id, first.id);
  assert.deepEqual(second, ownProfile({ phone: digits(alice.phone) }, second));
  await alice.sdk.addressbook.uploadAddressBook([{ name: 'Ola', phone: '+1 650 555 0128' }]);
  assert.deepEqual(await alice.sdk.addressbook.get(), [{ name: 'Ola', phone: '+1 650 555 0128' }]);
});
