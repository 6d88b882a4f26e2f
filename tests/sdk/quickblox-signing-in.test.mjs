// Tests signing in, looking people up and signing out, with the whole QuickBlox SDK, its signature and TLS included.

import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownProfile, profile } from './connectycube.mjs';
import { digits, newUser, observed } from './local-server.mjs';
import { startServer } from './own-server.mjs';
import { init } from './quickblox.mjs';
import {
  NO_SESSION,
  REFUSED,
  SHORT_SECONDS,
  checkSession,
  firebasePhone,
  issuer,
  newPerson,
  origin,
  startForgetfulServer,
} from './signing-in.mjs';
import { behindTls } from './tls.mjs';

const api = await behindTls(origin);
const LAG_MS = 60_000; // The SDK takes a minute off.

/** An app's SDK before anybody signed in. */
const app = (options) => init([1, 'auth key', 'auth secret'], { api, ...options });

async function signedIn(person) {
  const client = app();
  const session = await client.auth.createSession({
    provider: 'firebase_phone',
    keys: { token: await issuer.idToken(person) },
  });
  return { ...client, session };
}

test('an app goes from createSession to destroySession', async () => {
  const [kari, ola] = [newPerson('+14155550150'), newPerson('+14155550151')];
  const other = await signedIn(ola);
  const olasProfile = profile({ phone: digits(ola.phone_number) }, other.session.user);

  // 1. Kari's app gets a session of its own and logs her in.
  const { sdk, auth, users, addressbook } = app();
  const { answer: session, exchanges } = await observed(() => auth.createSession());
  assert.deepEqual(exchanges, [{ method: 'POST', path: '/session.json', status: 201 }]);
  assert.equal(checkSession(session, 0), undefined);
  assert.ok(Number.isInteger(session.nonce), 'the nonce of the request comes back');
  const user = await auth.login({ provider: 'firebase_phone', firebase_phone: await firebasePhone(kari) });
  assert.deepEqual(user, ownProfile({ phone: digits(kari.phone_number) }, user));
  assert.equal(sdk.service.getSession().token, session.token);

  // 2. She uploads her contacts and sees Ola.
  assert.equal((await addressbook.uploadAddressBook([{ name: 'Ola', phone: '+1 (415) 555-0151' }])).created, 1);
  assert.deepEqual(await addressbook.getRegisteredUsers(false), {
    items: [{ user: { ...olasProfile, address_book_name: 'Ola' } }],
  });

  // 3. She looks him up, and he can't look her up.
  assert.deepEqual(await users.get(olasProfile.id), olasProfile);
  assert.deepEqual(await users.get({ phone: ola.phone_number }), olasProfile);
  await assert.rejects(other.users.get(user.id), ({ code }) => code === 404);

  // 4. She changes her profile with a form.
  const changed = await users.update(user.id, { full_name: 'Kari & Co', tag_list: ['one', 'two'] });
  assert.deepEqual([changed.full_name, changed.user_tags], ['Kari & Co', 'one,two']);

  // 5. She logs out, and the app ends its session.
  checkSession((await auth.getSession()).session, user.id);
  await auth.logout();
  await assert.rejects(addressbook.uploadAddressBook([]), ({ code }) => code === 422);
  await auth.destroySession();
  assert.equal(sdk.service.getSession(), null);
  sdk.service.setSession(session);
  await assert.rejects(addressbook.uploadAddressBook([{ name: 'Ola', phone: '+1 415 555 0151' }]), {
    code: 401,
    message: NO_SESSION,
  });
});

test('a login and a password sign in with the first request', async () => {
  const { auth, users } = app();
  const alice = newUser('+14155550152');
  const session = await auth.createSession({ login: alice.token, password: 'any & all' });
  const user = checkSession(session, session.user_id);
  assert.deepEqual(user, ownProfile({ phone: '14155550152' }, user));
  assert.deepEqual(await users.get(user.id), user);
});

test("the SDK's own code reads when the session ends", async () => {
  const forgetful = await behindTls(await startForgetfulServer());
  const { sdk, auth, addressbook } = app({ api: forgetful });
  const { ts } = await auth.createSession({ login: newUser().token, password: 'any' });
  const ends = sdk.service.qbInst.config.qbTokenExpirationDate;
  const seconds = (ends.getTime() + LAG_MS) / 1000 - ts;
  assert.ok(Math.abs(seconds - SHORT_SECONDS) <= 1, `${seconds} s after it began`);
  await addressbook.get();
  assert.deepEqual(sdk.service.qbInst.config.qbTokenExpirationDate, ends);
});

test('a session that expired renews itself', async () => {
  const forgetful = await behindTls(await startForgetfulServer());
  const person = newPerson('+14155550153');
  const signIn = async () =>
    client.auth.createSession({ provider: 'firebase_phone', keys: { token: await issuer.idToken(person) } });
  let expired = 0;
  const client = app({
    api: forgetful,
    sessionExpired: (_giveUp, retry) => {
      expired += 1;
      signIn().then(retry);
    },
  });
  const before = await signIn();
  await client.addressbook.uploadAddressBook([{ name: 'Ola', phone: '+1 415 555 0154' }]);
  await sleep((SHORT_SECONDS + 1) * 1000);
  const { answer, exchanges } = await observed(() => client.addressbook.get());
  assert.deepEqual(answer, [{ name: 'Ola', phone: '+1 415 555 0154' }]);
  assert.deepEqual(exchanges, [
    { method: 'GET', path: '/address_book.json', status: 401 },
    { method: 'POST', path: '/session.json', status: 201 },
    { method: 'GET', path: '/address_book.json', status: 200 },
  ]);
  assert.equal(expired, 1);
  assert.notEqual(client.sdk.service.getSession().token, before.token);
});

test('a sign-in that is refused is an error, and no session that expired', async () => {
  let expired = 0;
  const { auth } = app({
    sessionExpired: (giveUp) => {
      expired += 1;
      giveUp();
    },
  });
  const keys = { token: 'not a token' };
  await assert.rejects(auth.createSession({ provider: 'firebase_phone', keys }), { code: 401, message: REFUSED });
  assert.equal(expired, 0);
});

test('the SDK signs with the secret of its app, and a deployment may compare it', async () => {
  const strict = await behindTls(await startServer('--auth-key', 'auth key', '--auth-secret', 'auth secret'));
  const { token } = newUser('+14155550159');
  for (const credentials of [[], [{ login: token, password: 'p w&=+' }]]) {
    const session = await app({ api: strict }).auth.createSession(...credentials);
    assert.equal(typeof session.token, 'string');
    for (const [key, secret] of [['auth key', 'guessed'], ['another key', 'auth secret']]) {
      const { auth } = init([1, key, secret], { api: strict });
      await assert.rejects(auth.createSession(...credentials), ({ code, message }) => {
        assert.deepEqual([code, message], [401, REFUSED]);
        return true;
      });
    }
  }
});
