// Tests that an HTTP cache keeps an answer, asks whether it is still true, and shows it again.

import assert from 'node:assert/strict';
import test from 'node:test';
import CachePolicy from 'http-cache-semantics';
import { newUser, server } from './local-server.mjs';

const PHONE = '+1 650 555 0177';

async function upload(token, name) {
  const response = await fetch(new URL('/address_book.json', server), {
    method: 'POST',
    headers: { 'CB-Token': token, 'Content-Type': 'application/json' },
    body: JSON.stringify({ contacts: [{ name, phone: PHONE }] }),
  });
  assert.equal(response.status, 200);
}

/** A private cache of one answer, as RFC 9111 wants it. */
function privateCache(token, path) {
  const url = new URL(path, server);
  const request = (headers = {}) => ({ url: url.href, method: 'GET', headers: { 'cb-token': token, ...headers } });
  const received = (response) => ({ status: response.status, headers: Object.fromEntries(response.headers) });
  let policy;
  let stored;
  return async () => {
    assert.ok(!policy?.satisfiesWithoutRevalidation(request()), 'it asks each time');
    const headers = policy ? policy.revalidationHeaders(request()) : request().headers;
    const response = await fetch(url, { headers });
    const body = await response.text();
    if (policy) {
      const { policy: next, modified } = policy.revalidatedPolicy(request(headers), received(response));
      policy = next;
      if (!modified) {
        assert.deepEqual([response.status, body], [304, '']);
        return { asked: 304, shown: JSON.parse(stored) };
      }
    } else {
      policy = new CachePolicy(request(), received(response), { shared: false });
      assert.ok(policy.storable());
    }
    stored = body;
    return { asked: response.status, shown: JSON.parse(body) };
  };
}

for (const path of [
  '/address_book.json',
  '/address_book/registered_users.json?compact=1',
  '/address_book/registered_users.json',
]) {
  test(`a cache of ${path} asks whether its answer is still true`, async () => {
    const { token } = newUser();
    const get = privateCache(token, path);
    const shown = (name) => (path === '/address_book.json' ? [{ name, phone: PHONE }] : { items: [] });
    await upload(token, 'Ola');
    assert.deepEqual(await get(), { asked: 200, shown: shown('Ola') });
    assert.deepEqual(await get(), { asked: 304, shown: shown('Ola') });
    assert.deepEqual(await get(), { asked: 304, shown: shown('Ola') });
    await upload(token, 'Kari');
    // Nobody is registered before and after, so only the full form's answer is the same.
    const asked = path === '/address_book/registered_users.json' ? 304 : 200;
    assert.deepEqual(await get(), { asked, shown: shown('Kari') });
    assert.equal((await get()).asked, 304);
  });
}

test('a shared cache keeps nothing, and nobody gets an answer of somebody else', async () => {
  const url = new URL('/address_book.json', server);
  const [ola, kari] = [newUser(), newUser()];
  for (const { token } of [ola, kari]) await upload(token, 'the same name');
  const first = await fetch(url, { headers: { 'CB-Token': ola.token } });
  const request = { url: url.href, method: 'GET', headers: { 'cb-token': ola.token } };
  const response = { status: 200, headers: Object.fromEntries(first.headers) };
  assert.ok(!new CachePolicy(request, response, { shared: true }).storable());
  const others = { 'CB-Token': kari.token, 'If-None-Match': first.headers.get('etag') };
  assert.equal((await fetch(url, { headers: others })).status, 200);
});
