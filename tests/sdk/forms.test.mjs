// Tests bodies that are forms, as ConnectyCube's Android SDK 1.x and QuickBlox's native SDKs send them.

import assert from 'node:assert/strict';
import test from 'node:test';
import { newUser, server } from './local-server.mjs';

/** Sends `pairs` as a form. Returns the status and the body. */
async function send(method, path, token, pairs) {
  const body = new URLSearchParams(pairs);
  const response = await fetch(new URL(path, server), { method, headers: { 'QB-Token': token }, body });
  return [response.status, await response.json()];
}

test('a form signs up, subscribes a device and uploads contacts', async () => {
  const { token } = newUser('+16505550132');
  const [created, { user }] = await send('POST', '/users.json', token, [
    ['user[full_name]', 'Zoë & Co'],
    ['user[blob_id]', '7'],
    ['user[tag_list]', 'one,two'],
  ]);
  assert.deepEqual([created, user.full_name, user.blob_id, user.user_tags], [201, 'Zoë & Co', 7, 'one,two']);

  const subscription = await send('POST', '/subscriptions.json', token, [
    ['notification_channel', 'gcm'],
    ['push_token[environment]', 'production'],
    ['push_token[client_identification_sequence]', `token-of-${token}`],
    ['device[platform]', 'android'],
    ['device[udid]', 'pixel'],
  ]);
  assert.equal(subscription[0], 201);

  const uploaded = await send('POST', '/address_book.json', token, [
    ['contacts[][name]', 'Ola'],
    ['contacts[][phone]', '+1 650 555 0133'],
    ['contacts[][phone]', '+1 650 555 0134'],
    ['contacts[][name]', 'Per'],
    ['contacts[][phone]', '+1 650 555 0135'],
    ['contacts[][destroy]', '1'],
    ['force', '1'],
    ['udid', 'pixel'],
  ]);
  assert.deepEqual(uploaded, [200, { created: 2, updated: 0, deleted: 0, rejected: {} }]);
  const [changed, { user: after }] = await send('PUT', '/users.json', token, [['user[full_name]', 'Zoë']]);
  assert.deepEqual([changed, after.id, after.full_name], [200, user.id, 'Zoë']);
});

test('a form that contradicts itself is refused', async () => {
  const { token } = newUser('+16505550136');
  const [status, { errors }] = await send('POST', '/address_book.json', token, [['contacts', '1'], ['contacts[][name]', 'Ola']]);
  assert.deepEqual([status, errors], [400, { base: ['The form uses one name for two kinds of value.'] }]);
});
