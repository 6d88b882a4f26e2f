// Tests what the ConnectyCube SDK does if the server doesn't know the caller.

import assert from 'node:assert/strict';
import test from 'node:test';
import { connect } from './connectycube.mjs';
import { newUser, observed } from './local-server.mjs';

const NO_SESSION = { code: 401, info: { errors: { base: ['Required session does not exist'] } } };

test('a request without a token is refused with the sentence that the SDK knows', async () => {
  const sdk = connect({ authKey: 'no token' });
  for (const request of [
    () => sdk.addressbook.uploadAddressBook([{ name: 'Ola', phone: '+1 650 555 0130' }]),
    () => sdk.addressbook.get(),
    () => sdk.addressbook.getRegisteredUsers(),
    () => sdk.users.signup({ login: 'nobody', password: 'not kept' }),
    () => sdk.pushnotifications.subscriptions.list(),
  ]) {
    await assert.rejects(request(), (error) => {
      assert.deepEqual(error, NO_SESSION, String(request));
      return true;
    });
  }
});

test('the SDK hears that its session expired, renews it and sends the request again', async () => {
  const { token } = newUser();
  let expired = 0;
  const sdk = connect({ authKey: 'no token' }, {
    sessionExpired: (_giveUp, retry) => {
      expired += 1;
      retry({ token });
    },
  });
  const { answer, exchanges } = await observed(() => sdk.addressbook.get());
  assert.deepEqual(answer, []);
  assert.deepEqual(exchanges.map(({ status }) => status), [401, 200]);
  assert.equal(expired, 1);
});

test('an app that gives up its expired session gets the error', async () => {
  const sdk = connect({ authKey: 'no token' }, { sessionExpired: (giveUp) => giveUp() });
  await assert.rejects(sdk.addressbook.get(), (error) => {
    assert.deepEqual(error, NO_SESSION);
    return true;
  });
});
