// Tests requests for sessions as clients other than the JavaScript SDKs send them.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import test from 'node:test';
import { ownProfile } from './connectycube.mjs';
import { digits, newUser } from './local-server.mjs';
import {
  NO_SESSION,
  SHORT_SECONDS,
  checkSession,
  firebasePhone,
  newPerson,
  origin,
  startForgetfulServer,
} from './signing-in.mjs';

const load = createRequire(import.meta.url);

/** Sends a request. A body that is `URLSearchParams` goes as a form, and any other as JSON. */
async function send(method, path, { token, body, header = 'CB-Token', at = origin } = {}) {
  const isForm = body === undefined || body instanceof URLSearchParams;
  const response = await fetch(new URL(path, at), {
    method,
    headers: { ...(token && { [header]: token }), ...(!isForm && { 'content-type': 'application/json' }) },
    body: isForm ? body : JSON.stringify(body),
  });
  return { status: response.status, body: await response.json(), headers: response.headers };
}

const form = (fields) => new URLSearchParams(fields);

/** Every way to write a person's token, as fields. */
const WAYS = {
  nested: (firebase_phone) => ({ provider: 'firebase_phone', firebase_phone }),
  'flat keys': ({ project_id, access_token }) => ({
    provider: 'firebase_phone',
    'firebase_phone[project_id]': project_id,
    'firebase_phone[access_token]': access_token,
  }),
  'flat keys of an e-mail': ({ project_id, access_token }) => ({
    provider: 'firebase_email',
    'firebase_email[project_id]': project_id,
    'firebase_email[access_token]': access_token,
  }),
  'a flat token among keys': ({ access_token }) => ({ provider: 'firebase_phone', 'keys[token]': access_token }),
};
const APPLICATION = {
  application_id: '1',
  auth_key: 'auth key',
  nonce: '8720',
  timestamp: '1795955256',
  signature: '00',
};

for (const [name, way] of Object.entries(WAYS)) {
  const encodings = name === 'nested' ? [(fields) => fields] : [(fields) => fields, form];
  for (const encode of encodings) {
    test(`a token signs in: ${name}, ${encode === form ? 'a form' : 'JSON'}`, async () => {
      const person = newPerson('+16505550170');
      const fields = way(await firebasePhone(person));
      const created = await send('POST', '/session', { body: encode({ ...APPLICATION, ...fields }) });
      assert.equal(created.status, 201);
      const { session } = created.body;
      const user = checkSession(session, session.user_id);
      assert.equal(session.nonce, 8720);
      assert.deepEqual(user, ownProfile({ phone: digits(person.phone_number) }, user));

      const application = await send('POST', '/session', { body: encode(APPLICATION) });
      const { token } = application.body.session;
      const login = await send('POST', '/login', { token, body: encode(fields) });
      assert.deepEqual([login.status, login.body], [202, { user }]);
    });
  }
}

test('a form with a login and a password signs in, in an object `user` or without one', async () => {
  const alice = newUser('+16505550171');
  const created = await send('POST', '/session.json', {
    body: form({ ...APPLICATION, 'user[login]': alice.token, 'user[password]': 'any' }),
  });
  assert.equal(created.status, 201);
  const { session } = (await send('POST', '/session.json', { body: form(APPLICATION) })).body;
  const login = await send('POST', '/login.json', {
    token: session.token,
    body: form({ login: alice.token, password: 'any' }),
  });
  assert.deepEqual([login.status, login.body.user.id], [202, created.body.session.user_id]);
});

test('all three headers carry a session', async () => {
  const body = { user: { login: newUser().token, password: 'any' } };
  const { session } = (await send('POST', '/session', { body })).body;
  for (const header of ['CB-Token', 'QB-Token', 'Authorization']) {
    const token = header === 'Authorization' ? `Bearer ${session.token}` : session.token;
    const read = await send('GET', '/session', { header, token });
    assert.deepEqual([read.status, read.body.session.user_id], [200, session.user_id], header);
  }
});

test('a new session is given whatever token comes with the request', async () => {
  const body = { user: { login: newUser().token, password: 'any' } };
  const { session } = (await send('POST', '/session', { body })).body;
  await send('DELETE', '/session', { token: session.token });
  for (const token of [session.token, 'not a token', `${session.token}x`]) {
    const { status, body: renewed } = await send('POST', '/session', { token, body });
    assert.deepEqual([status, renewed.session.user_id], [201, session.user_id], token);
  }
});

test('a session ends with its number in the path, and may end twice', async () => {
  const body = { user: { login: newUser().token, password: 'any' } };
  const { id, token } = (await send('POST', '/session', { body })).body.session;
  for (const path of [`/session/${id}`, '/session', '/session.json']) {
    assert.equal((await send('DELETE', path, { token })).status, 200, path);
  }
  const upload = await send('POST', '/address_book', { token, body: { contacts: [] } });
  assert.deepEqual([upload.status, upload.body], [401, NO_SESSION]);
});

test('a guest is refused, within an application session too', async () => {
  const { token } = (await send('POST', '/session', { body: APPLICATION })).body.session;
  for (const [path, body] of [
    ['/session', { ...APPLICATION, user: { guest: '1', full_name: 'Somebody' } }],
    ['/session', form({ ...APPLICATION, 'user[guest]': '1' })],
    ['/login', { guest: 1, full_name: 'Somebody' }],
  ]) {
    assert.equal((await send('POST', path, { token, body })).status, 422, path);
  }
});

test('credentials that lack something are named', async () => {
  for (const [body, field] of [
    [{ provider: 'firebase_phone', firebase_phone: { project_id: 'demo' } }, 'firebase_phone'],
    [{ provider: 'firebase_phone', keys: {} }, 'keys'],
  ]) {
    const { status, body: refusal } = await send('POST', '/session', { body });
    assert.deepEqual([status, Object.keys(refusal.errors)], [422, [field]], JSON.stringify(body));
  }
});

test('nobody logs in without a session', async () => {
  const body = { login: newUser().token, password: 'any' };
  const { status, body: refusal } = await send('POST', '/login', { body });
  assert.deepEqual([status, refusal], [401, NO_SESSION]);
});

test('a session token that was changed anywhere is none', async () => {
  const body = { user: { login: newUser().token, password: 'any' } };
  const { token } = (await send('POST', '/session', { body })).body.session;
  const half = Math.floor(token.length / 2);
  for (const at of [half, half + 1, token.length - 8, token.length - 2]) {
    const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
    const { status, body: refusal } = await send('GET', '/session', { token: changed });
    assert.deepEqual([status, refusal], [401, NO_SESSION], `place ${at} of ${token.length}`);
  }
});

test('a token that names its user still works on a server with issuers', async () => {
  const alice = newUser('+16505550174');
  const signUp = await send('POST', '/users', { token: alice.token, body: { user: { full_name: 'Alice' } } });
  assert.equal(signUp.status, 201);
  const session = await send('POST', '/session', { body: { user: { login: alice.token, password: 'any' } } });
  assert.equal(session.body.session.user_id, signUp.body.user.id);
});

test('every answer to a session says when it ends, as the QuickBlox SDK reads it', async () => {
  const config = load('quickblox/src/qbConfig.js');
  const at = await startForgetfulServer();
  const body = { user: { login: newUser('+16505550172').token, password: 'any' } };
  const created = await send('POST', '/session', { body, at });
  const { token, ts, user_id } = created.body.session;
  const answers = [created];
  for (const [method, path, sent] of [
    ['GET', '/session'],
    ['GET', '/users/2147483647'],
    ['GET', `/users/${user_id}.json`],
    ['GET', '/users/v2?id[in][]=1'],
    ['GET', '/address_book'],
    ['GET', '/address_book/registered_users?compact=1'],
    ['POST', '/address_book', { contacts: 1 }],
    ['POST', '/address_book', { contacts: [{ name: 'Ola', phone: '+16505550173' }] }],
    ['PUT', '/users', { user: { full_name: 'Alice' } }],
    ['GET', '/subscriptions'],
    ['DELETE', '/session'],
  ]) {
    answers.push(await send(method, path, { token, body: sent, at }));
  }
  assert.deepEqual(answers.map(({ status }) => status), [201, 200, 404, 200, 200, 200, 200, 422, 200, 200, 200, 200]);
  for (const { headers } of answers) {
    const date = headers.get('QB-Token-ExpirationDate');
    assert.match(date, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
    assert.equal(headers.get('CB-Token-ExpirationDate'), date);
    config.updateSessionExpirationDate(date, true);
    const ends = config.qbTokenExpirationDate.getTime() / 1000 + 60; // The SDK takes a minute off.
    assert.ok(Math.abs(ends - ts - SHORT_SECONDS) <= 1, `${date} is ${SHORT_SECONDS} s after ${ts}`);
  }
});
