// Tests subscriptions, with the ConnectyCube SDK.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { newcomer } from './connectycube.mjs';
import { apns, gcm, subscription } from './devices.mjs';
import { observed } from './local-server.mjs';

test('a subscription is answered as an array, listed, and deleted', async () => {
  const { subscriptions } = newcomer().sdk.pushnotifications;
  assert.deepEqual(await subscriptions.list(), []);

  const created = await observed(() => subscriptions.create(apns('BFE36393-0001')));
  assert.deepEqual(created.exchanges, [{ method: 'POST', path: '/subscriptions.json', status: 201 }]);
  const { id } = created.answer[0].subscription;
  assert.ok(Number.isInteger(id) && id > 0 && id < 2 ** 31, `id ${id}`);
  const expected = [subscription(id, 'apns', 'ios', 'BFE36393-0001')];
  assert.deepEqual(created.answer, expected);
  assert.deepEqual(await observed(() => subscriptions.list()), {
    answer: expected,
    exchanges: [{ method: 'GET', path: '/subscriptions.json', status: 200 }],
  });

  const deleted = await observed(() => subscriptions.delete(id));
  assert.deepEqual(JSON.parse(deleted.answer), {});
  assert.deepEqual(deleted.exchanges, [{ method: 'DELETE', path: `/subscriptions/${id}.json`, status: 200 }]);
  assert.deepEqual(await subscriptions.list(), []);
  await assert.rejects(subscriptions.delete(id), { code: 404 });
});

test('the same device and channel again replace the token and keep the id', async () => {
  const { subscriptions } = newcomer().sdk.pushnotifications;
  const [first] = await subscriptions.create(apns('phone'));
  assert.deepEqual(await subscriptions.create(apns('phone')), [first]);
  const [voip] = await subscriptions.create({ ...apns('phone'), notification_channel: 'apns_voip' });
  const [tablet] = await subscriptions.create(gcm('tablet'));
  assert.deepEqual(voip, subscription(voip.subscription.id, 'apns_voip', 'ios', 'phone'));
  assert.deepEqual(tablet, subscription(tablet.subscription.id, 'gcm', 'android', 'tablet'));
  const byId = (one, other) => one.subscription.id - other.subscription.id;
  assert.deepEqual((await subscriptions.list()).sort(byId), [first, voip, tablet].sort(byId));
});

test("another user's subscription can't be seen or deleted", async () => {
  const [alice, mallory] = [newcomer(), newcomer()];
  const created = await alice.sdk.pushnotifications.subscriptions.create(apns('phone'));
  await assert.rejects(mallory.sdk.pushnotifications.subscriptions.delete(created[0].subscription.id), { code: 404 });
  assert.deepEqual(await alice.sdk.pushnotifications.subscriptions.list(), created);
  assert.deepEqual(await mallory.sdk.pushnotifications.subscriptions.list(), []);
});

test("a push token that came to another user is no longer the first one's", async () => {
  const [before, after] = [newcomer(), newcomer()];
  const body = apns('phone');
  await before.sdk.pushnotifications.subscriptions.create(body);
  const created = await after.sdk.pushnotifications.subscriptions.create(body);
  assert.deepEqual(await before.sdk.pushnotifications.subscriptions.list(), []);
  assert.deepEqual(await after.sdk.pushnotifications.subscriptions.list(), created);
});

test('web push is refused with a sentence', async () => {
  const { subscriptions } = newcomer().sdk.pushnotifications;
  const web = {
    notification_channel: 'web',
    push_token: {
      environment: 'development',
      web_endpoint: 'https://push.example.com',
      web_auth: randomBytes(16).toString('base64url'),
      web_p256dh: randomBytes(65).toString('base64url'),
    },
    device: { platform: 'web', udid: 'browser' },
  };
  await assert.rejects(subscriptions.create(web), ({ code, info }) => {
    assert.equal(code, 422);
    const sentences = Object.values(info.errors).flat();
    assert.equal(sentences.length, 1);
    assert.match(sentences[0], /web/i);
    return true;
  });
  assert.deepEqual(await subscriptions.list(), []);
});
