// Tests the hooks of `@connectycube/react`, in a component that renders nothing.

import assert from 'node:assert/strict';
import test from 'node:test';
import { createElement } from 'react';
import { act, create } from 'react-test-renderer';
import { ownProfile, profile } from './connectycube.mjs';
import { digits, newUser } from './local-server.mjs';
import { NO_SESSION, firebasePhone, newPerson, origin } from './signing-in.mjs';

globalThis.IS_REACT_ACT_ENVIRONMENT = true;
globalThis.navigator ??= {}; // Node has one since version 21, and the package reads it at once.
const react = await import('@connectycube/react');

/** Renders a component that calls `hook`. Returns a function to what the hook returned last. */
async function rendered(hook) {
  let last;
  const Component = () => {
    last = hook();
    return null;
  };
  await act(async () => create(createElement(Component)));
  return () => last;
}

test('the hooks sign in, upload contacts, show registered users and sign out', async () => {
  react.initConnectyCube({ appId: 1, authKey: 'auth key' }, { endpoints: { api_url: origin }, debug: { mode: 0 } });
  const app = await rendered(react.useConnectyCube);
  const book = await rendered(react.useAddressBook);

  // 1. Somebody signs in, whom the other one will know.
  let ola;
  await act(async () => {
    ola = await app().loginUser({ login: newUser('+16505550180').token, password: 'any' });
    await app().destroySession();
  });
  assert.equal(app().currentSession, null);

  // 2. Kari signs in from an application session, and the hook shows who she is.
  const kari = newPerson('+16505550181');
  const firebase_phone = await firebasePhone(kari);
  await act(() => app().createEmptySession());
  assert.equal(app().currentUserId, 0);
  await act(() => app().createSession({ provider: 'firebase_phone', firebase_phone }));
  const { currentUser, currentSession } = app();
  assert.deepEqual(currentUser, ownProfile({ phone: digits(kari.phone_number) }, currentUser));
  assert.equal(app().currentUserId, currentUser.id);

  // 3. The hook of the address book shows her contacts, and who of them is registered.
  const contacts = [{ name: 'Ola', phone: '+1 650 555 0180' }];
  await act(async () => {
    assert.deepEqual(await book().uploadAddressBook(contacts), { created: 1, updated: 0, deleted: 0, rejected: {} });
    await book().getAddressBook();
    await book().getRegisteredUsers();
  });
  const olasProfile = profile({ phone: digits('+16505550180') }, ola);
  assert.deepEqual(book().contacts, contacts);
  assert.deepEqual(book().registeredUsers, [{ user: { ...olasProfile, address_book_name: 'Ola' } }]);

  // 4. She looks him up, and changes her name.
  await act(() => app().fetchUserById(ola.id));
  assert.deepEqual(app().users, { [ola.id]: olasProfile });
  await act(() => app().updateUser({ full_name: 'Kari' }));
  assert.equal(app().currentSession.user.full_name, 'Kari');

  // 5. The session ends, and with it what the hooks show.
  await act(() => app().destroySession());
  assert.deepEqual([app().currentSession, book().contacts, book().registeredUsers], [null, [], []]);
  react.ConnectyCube.setSession(currentSession);
  await assert.rejects(book().uploadAddressBook(contacts), (error) => {
    assert.deepEqual(error, { code: 401, info: NO_SESSION });
    return true;
  });
});
