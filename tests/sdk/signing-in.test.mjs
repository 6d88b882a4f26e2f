// Tests signing in, looking people up and signing out, with the ConnectyCube SDK whose endpoint alone was changed.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, ownProfile, profile } from './connectycube.mjs';
import { gcm } from './devices.mjs';
import { listen } from './listen.mjs';
import { digits, eventually, newUser, observed } from './local-server.mjs';
import {
  NO_SESSION,
  REFUSED,
  SHORT_SECONDS,
  checkSession,
  firebasePhone,
  newPerson,
  origin,
  startForgetfulServer,
  startServerWith,
} from './signing-in.mjs';

const CREDENTIALS = { appId: 1, authKey: 'auth key' };

/** An app's SDK before anybody signed in. */
const app = (sessionExpired, api_url = origin) => connect(CREDENTIALS, { sessionExpired }, api_url);

/** Signs a person in as an app with Firebase does. Returns the SDK and the session. */
async function signedIn(person) {
  const sdk = app();
  const session = await sdk.createSession({ provider: 'firebase_phone', firebase_phone: await firebasePhone(person) });
  return { sdk, session };
}

const refusedWith = (code, info) => (error) => {
  assert.deepEqual({ ...error }, { code, info: info ?? error.info });
  return true;
};

/** Checks that every route that changes something refuses the SDK's session. */
async function refusesChanges(sdk) {
  for (const change of [
    () => sdk.addressbook.uploadAddressBook([{ name: 'Ola', phone: '+1 650 555 0140' }]),
    () => sdk.users.update({ full_name: 'Somebody' }),
    () => sdk.pushnotifications.subscriptions.create(gcm('pixel')),
  ]) {
    await assert.rejects(change(), refusedWith(401, NO_SESSION), String(change));
  }
}

test('an application session becomes the session of the user who logs in, under the same token', async () => {
  const [sdk, alice] = [app(), newUser('+16505550140')];
  const session = await sdk.createSession();
  assert.equal(checkSession(session, 0), undefined);
  const { answer: user, exchanges } = await observed(() => sdk.login({ login: alice.token, password: 'any' }));
  assert.deepEqual(exchanges, [{ method: 'POST', path: '/login.json', status: 202 }]);
  assert.deepEqual(user, ownProfile({ phone: digits('+16505550140') }, user));
  assert.equal(sdk.service.getSession().token, session.token);
  assert.equal((await sdk.addressbook.uploadAddressBook([{ name: 'Ola', phone: '+1 650 555 0141' }])).created, 1);
  assert.deepEqual(await sdk.addressbook.get(), [{ name: 'Ola', phone: '+1 650 555 0141' }]);
  const now = await sdk.getSession();
  assert.deepEqual([now.id, now.token], [session.id, session.token]);
  checkSession(now, user.id);
});

test('a token signs in within an application session too', async () => {
  const [sdk, person] = [app(), newPerson('+16505550142')];
  await sdk.createSession();
  const firebase_phone = await firebasePhone(person, 'ES256');
  const user = await sdk.login({ provider: 'firebase_phone', firebase_phone });
  assert.deepEqual(user, ownProfile({ phone: digits(person.phone_number) }, user));
  const again = await sdk.login({
    provider: 'firebase_phone',
    'firebase_phone[project_id]': firebase_phone.project_id,
    'firebase_phone[access_token]': firebase_phone.access_token,
  });
  assert.equal(again.id, user.id);
});

test('an application session signs somebody up, who then logs in', async () => {
  const [sdk, alice] = [app(), newUser('+16505550157')];
  const credentials = { login: alice.token, password: 'any' };
  await sdk.createSession();
  const { user } = await sdk.users.signup({ ...credentials, full_name: 'Alice' });
  assert.deepEqual([user.full_name, user.phone], ['Alice', '16505550157']);
  const loggedIn = await sdk.login(credentials);
  assert.deepEqual([loggedIn.id, loggedIn.full_name], [user.id, 'Alice']);
});

test('whoever logs out leaves an application session, in which somebody else logs in', async () => {
  const sdk = app();
  const { token } = await sdk.createSession();
  const alice = await sdk.login({ login: newUser().token, password: 'any' });
  await sdk.logout();
  await assert.rejects(sdk.addressbook.uploadAddressBook([]), refusedWith(422));
  const bob = await sdk.login({ login: newUser().token, password: 'any' });
  assert.notEqual(bob.id, alice.id);
  assert.deepEqual(await sdk.addressbook.get(), []);
  await sdk.destroySession();
  sdk.setSession({ token });
  await refusesChanges(sdk);
  await assert.rejects(sdk.login({ login: newUser().token, password: 'any' }), refusedWith(401, NO_SESSION));
});

test('an app goes from createSession to destroySession', async () => {
  const [kari, ola] = [newPerson('+16505550143'), newPerson('+16505550144')];

  // 1. Kari signs in with her phone, and signing in signs her up.
  const { sdk, session } = await signedIn(kari);
  const user = checkSession(session, session.user_id);
  assert.deepEqual(user, ownProfile({ phone: digits(kari.phone_number) }, user));
  assert.equal(user.id, session.user_id);

  // 2. Her app subscribes the device and uploads her contacts.
  await sdk.pushnotifications.subscriptions.create(gcm('pixel of Kari'));
  assert.deepEqual(
    await sdk.addressbook.uploadAddressBook([
      { name: 'Ola', phone: '+1 (650) 555-0144' },
      { name: 'Nobody', phone: '+1 650 555 0145' },
    ]),
    { created: 2, updated: 0, deleted: 0, rejected: {} },
  );
  assert.deepEqual(await sdk.addressbook.getRegisteredUsers(), { items: [] });

  // 3. Ola signs in. Kari gets a push and sees him.
  const other = await signedIn(ola);
  const phone = digits(ola.phone_number);
  const olasProfile = profile({ phone }, other.session.user);
  await eventually(() => sdk.addressbook.getRegisteredUsers(), {
    items: [{ user: { ...olasProfile, address_book_name: 'Ola' } }],
  });
  await eventually(async () => {
    const pushes = await (await fetch(new URL('/_local/pushes', origin))).json();
    return pushes.filter(({ device_udid }) => device_udid === 'pixel of Kari').map(({ data }) => data.id);
  }, [olasProfile.id]);

  // 4. She looks him up in every way, and he can't look her up.
  assert.deepEqual(await sdk.users.get(olasProfile.id), { user: olasProfile });
  assert.deepEqual(await sdk.users.get({ phone: ola.phone_number }), { user: olasProfile });
  const found = (...items) => ({ limit: 100, skip: 0, total_entries: items.length, items });
  assert.deepEqual(await sdk.users.getV2({ id: olasProfile.id }), found(olasProfile));
  assert.deepEqual(await sdk.users.getV2({ phone: { in: [ola.phone_number, '+16505550145'] } }), found(olasProfile));
  const both = await sdk.users.getV2({ id: { in: [olasProfile.id, user.id, 2 ** 31 - 1] }, limit: 10 });
  assert.deepEqual(both.items.map(({ id }) => id).sort((a, b) => a - b), [user.id, olasProfile.id]);
  assert.deepEqual([both.limit, both.total_entries], [10, 2]);
  await assert.rejects(other.sdk.users.get(user.id), refusedWith(404));
  await assert.rejects(other.sdk.users.get({ phone: kari.phone_number }), refusedWith(404));
  assert.deepEqual(await other.sdk.users.getV2({ id: user.id }), found());

  // 5. She changes her name, signs out, and the session is over.
  assert.equal((await sdk.users.update({ full_name: 'Kari' })).user.full_name, 'Kari');
  await sdk.logout();
  await sdk.destroySession();
  assert.equal(sdk.service.getSession(), null);
  sdk.setSession(session);
  await refusesChanges(sdk);

  // 6. She signs in again and is the same user with the same book. Ola's session never ended.
  const later = await signedIn(kari);
  assert.deepEqual([later.session.user_id, later.session.user.full_name], [user.id, 'Kari']);
  assert.equal((await later.sdk.addressbook.get()).length, 2);
  await other.sdk.addressbook.uploadAddressBook([{ name: 'Kari', phone: kari.phone_number }]);
});

test('people one knows are found page by page and by their external id, and not by what is sealed', async () => {
  const [kari, ...others] = [newPerson('+16505550151'), newPerson('+16505550152'), newPerson('+16505550153')];
  const known = [];
  for (const person of others) {
    const { sdk, session } = await signedIn(person);
    const { user } = await sdk.users.update({ external_id: `id of ${person.phone_number}` });
    known.push(profile({ phone: user.phone, external_id: user.external_id }, { ...session.user, ...user }));
  }
  const { sdk } = await signedIn(kari);
  await sdk.addressbook.uploadAddressBook(others.map(({ phone_number: phone }) => ({ name: 'Somebody', phone })));
  const ids = { in: known.map(({ id }) => id) };
  const pages = [];
  for (const offset of [0, 1, 2]) {
    const { items, ...page } = await sdk.users.getV2({ id: ids, limit: 1, offset });
    assert.deepEqual(page, { limit: 1, skip: offset, total_entries: 2 });
    pages.push(...items);
  }
  assert.deepEqual(pages.sort((a, b) => a.id - b.id), known);
  assert.deepEqual(await sdk.users.get({ external: known[0].external_id }), { user: known[0] });
  await assert.rejects(sdk.users.getV2({ full_name: { start_with: 'Som' } }), refusedWith(422));
});

test('destroySession ends one session of a user and no other', async () => {
  const person = newPerson('+16505550146');
  const [first, second] = [await signedIn(person), await signedIn(person)];
  assert.notEqual(first.session.token, second.session.token);
  const { exchanges } = await observed(() => first.sdk.destroySession());
  assert.deepEqual(exchanges, [{ method: 'DELETE', path: '/session.json', status: 200 }]);
  first.sdk.setSession(first.session);
  await refusesChanges(first.sdk);
  await second.sdk.users.update({ full_name: 'Still here' });
});

test('a user who leaves ends all sessions, and is somebody new after signing in again', async () => {
  const person = newPerson('+16505550147');
  const [first, second] = [await signedIn(person), await signedIn(person)];
  await first.sdk.users.delete();
  await refusesChanges(second.sdk);
  const { session } = await signedIn(person);
  assert.notEqual(session.user_id, first.session.user_id);
});

test('a session that expired renews itself', async () => {
  const forgetful = await startForgetfulServer();
  const person = newPerson('+16505550148');
  const signIn = async () =>
    sdk.createSession({ provider: 'firebase_phone', firebase_phone: await firebasePhone(person) });
  let expired = 0;
  const sdk = app((_giveUp, retry) => {
    expired += 1;
    signIn().then(retry);
  }, forgetful);
  const before = await signIn();
  await sdk.addressbook.uploadAddressBook([{ name: 'Ola', phone: '+1 650 555 0149' }]);
  assert.equal(expired, 0);
  await sleep((SHORT_SECONDS + 1) * 1000);
  const { answer, exchanges } = await observed(() => sdk.addressbook.get());
  assert.deepEqual(answer, [{ name: 'Ola', phone: '+1 650 555 0149' }]);
  assert.deepEqual(exchanges, [
    { method: 'GET', path: '/address_book.json', status: 401 },
    { method: 'POST', path: '/session.json', status: 201 },
    { method: 'GET', path: '/address_book.json', status: 200 },
  ]);
  assert.equal(expired, 1);
  assert.notEqual(sdk.service.getSession().token, before.token);
  assert.equal(sdk.service.getCurrentUserId(), before.user_id);
});

test("the token gives the id that the app's chat knows already", async () => {
  const api_url = await startServerWith('--public-id-claim', 'chat_id');
  const signIn = async (person) => {
    const sdk = app(undefined, api_url);
    return sdk.createSession({ provider: 'firebase_phone', firebase_phone: await firebasePhone(person) });
  };
  const kari = { ...newPerson('+16505550154'), chat_id: 4711 };
  assert.equal((await signIn(kari)).user_id, 4711);
  assert.equal((await signIn(kari)).user.id, 4711);
  const other = { ...newPerson('+16505550155'), chat_id: 4711 };
  await assert.rejects(signIn(other), refusedWith(422));
  assert.equal((await signIn({ ...other, chat_id: '4712' })).user_id, 4712);
});

test("an app's own identity server says whose password it is", async () => {
  const asked = [];
  const identityServer = createServer(async (request, response) => {
    const credentials = await new Response(Readable.toWeb(request)).json();
    asked.push(credentials);
    const isRight = credentials.password === 'right';
    response.writeHead(isRight ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isRight ? newPerson('+16505550156') : {}));
  });
  const url = `http://${await listen(identityServer)}/who`;
  const sdk = app(undefined, await startServerWith('--identity-server', url));
  const email = 'kari@example.com';
  const { user } = await sdk.createSession({ email, password: 'right' });
  assert.equal(user.phone, '16505550156');
  await sdk.destroySession();
  await assert.rejects(sdk.createSession({ email, password: 'wrong' }), refusedWith(401, REFUSED));
  await sdk.createSession();
  await assert.rejects(sdk.login({ login: 'kari', password: 'wrong' }), refusedWith(401, REFUSED));
  assert.deepEqual(asked, [
    { email, password: 'right' },
    { email, password: 'wrong' },
    { login: 'kari', password: 'wrong' },
  ]);
  identityServer.closeAllConnections();
  identityServer.close();
  await assert.rejects(sdk.login({ login: 'kari', password: 'right' }), refusedWith(503));
});

test('a sign-in that is refused is an error, and no session that expired', async () => {
  let expired = 0;
  const sdk = app((giveUp) => {
    expired += 1;
    giveUp();
  });
  const { access_token } = await firebasePhone(newPerson());
  const wrong = { provider: 'firebase_phone', firebase_phone: { project_id: 'another project', access_token } };
  await assert.rejects(sdk.createSession(wrong), refusedWith(401, REFUSED));
  await sdk.createSession();
  await assert.rejects(sdk.login(wrong), refusedWith(401, REFUSED));
  assert.equal(expired, 0);
});

test('a guest is refused with a sentence', async () => {
  await assert.rejects(app().createSession({ guest: '1', full_name: 'Somebody' }), refusedWith(422));
});

test('what the SDK drops from a sign-in leaves an application session, and a sentence at the next call', async () => {
  const { project_id, access_token } = await firebasePhone(newPerson('+16505550150'));
  const flat = {
    provider: 'firebase_phone',
    'firebase_phone[project_id]': project_id,
    'firebase_phone[access_token]': access_token,
  };
  for (const params of [{ login: access_token }, flat]) {
    const sdk = app();
    assert.equal((await sdk.createSession(params)).user_id, 0);
    await assert.rejects(sdk.addressbook.get(), refusedWith(422));
  }
});
