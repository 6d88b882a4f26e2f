// The server under test, and what only a local server has: tokens that name their user, an inbox of
// the pushes that arrived, and the requests that went over the wire.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import diagnostics from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

const DEADLINE_MS = 10_000;
const PAUSE_MS = 50;

const { ADDRESS_BOOK_URL } = process.env;
assert.ok(ADDRESS_BOOK_URL, 'ADDRESS_BOOK_URL names the server; ./run sets it');

export const server = new URL(ADDRESS_BOOK_URL);

/** Makes a user whom no other test knows, with the token that proves `phone` to the local server. */
export function newUser(phone) {
  const id = `user-${randomUUID()}`;
  return { id, token: phone ? `${id}:${phone}` : id };
}

/** Returns a phone as the server writes it: the digits of an international number. */
export const digits = (phone) => phone.replace(/\D/g, '');

/** Returns all pushes for `user` so far, newest first. */
export async function pushesFor(user) {
  const response = await fetch(new URL('/_local/pushes', server));
  assert.equal(response.status, 200);
  return (await response.json()).filter((push) => push.user_id === user.id);
}

/** Waits until `read` returns `expected`, for changes that follow the answer to a request. */
export async function eventually(read, expected) {
  const deadline = Date.now() + DEADLINE_MS;
  let actual = await read();
  while (!isDeepStrictEqual(actual, expected) && Date.now() < deadline) {
    await sleep(PAUSE_MS);
    actual = await read();
  }
  assert.deepEqual(actual, expected);
}

/** Returns the answer of `act`, and the requests that it made: `[{ method, path, status }]`. */
export async function observed(act) {
  const exchanges = [];
  const record = ({ request, response }) =>
    exchanges.push({ method: request.method, path: request.path, status: response.statusCode });
  diagnostics.subscribe('http.client.response.finish', record);
  try {
    return { answer: await act(), exchanges };
  } finally {
    diagnostics.unsubscribe('http.client.response.finish', record);
  }
}
