// What tests of sessions have in common: a server that trusts an issuer, people who sign in there, and how a session
// looks.

import assert from 'node:assert/strict';
import { AUDIENCES, startIssuer } from './issuer.mjs';
import { newUser } from './local-server.mjs';
import { startServer, trusting } from './own-server.mjs';

export const issuer = await startIssuer();
const flags = trusting(issuer, Object.values(AUDIENCES));

/** A server whose sessions last long. */
export const origin = await startServer(...flags);

/** Starts a server that trusts the issuer, with more flags. */
export const startServerWith = (...more) => startServer(...flags, ...more);

export const SHORT_SECONDS = 2;

/** Starts a server whose sessions last `SHORT_SECONDS`. */
export const startForgetfulServer = () => startServerWith('--session-seconds', String(SHORT_SECONDS));

/** What the SDKs take for a session that ended. */
export const NO_SESSION = { errors: { base: ['Required session does not exist'] } };

/** How credentials are refused. With the other sentence the SDKs would sign in again without end. */
export const REFUSED = { errors: { base: ['Unauthorized'] } };

/** Makes a person of the issuer, whose phone it has verified. */
export const newPerson = (phone) => ({ sub: newUser().id, phone_number: phone, phone_number_verified: true });

/** Signs a person in with the issuer. Returns what an app hands on. */
export async function firebasePhone(person, algorithm) {
  const access_token = await issuer.idToken(person, algorithm);
  return { project_id: AUDIENCES[algorithm ?? 'RS256'], access_token };
}

/** Checks a session of the user `user_id`. Returns what else it holds. */
export function checkSession(actual, user_id) {
  const { id, token, ts, nonce, created_at, updated_at, ...rest } = actual;
  assert.ok(Number.isInteger(id) && id > 0 && id < 2 ** 31, `id ${id}`);
  assert.match(token, /^[\x21-\x7e]+$/);
  assert.ok(nonce === undefined || nonce === null || Number.isInteger(nonce), `nonce ${nonce}`);
  assert.ok(Math.abs(ts * 1000 - Date.now()) < 60_000, `${ts} is now`);
  for (const time of [created_at, updated_at]) assert.equal(Math.floor(Date.parse(time) / 1000), ts);
  const { application_id, user, ...unknown } = rest;
  assert.deepEqual(unknown, { user_id });
  assert.equal(application_id, 1);
  return user;
}
