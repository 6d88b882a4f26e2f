// Clients of the QuickBlox SDK, as an app makes them.

import { promisify } from 'node:util';
import QB from 'quickblox';
import { server } from './local-server.mjs';
import { behindTls } from './tls.mjs';

const shared = await behindTls(server.origin);

/** Returns the methods of `service` with promises instead of callbacks. */
const promised = (service) =>
  new Proxy(service, { get: (_, method) => promisify(service[method].bind(service)) });

/**
 * Makes an SDK with the parameters of its `init`. The SDK keeps one configuration per process, so the tests of a file
 * run in turn.
 */
export function init([appIdOrToken, authKeyOrAppId, authSecret], { api = shared, sessionExpired = null } = {}) {
  const sdk = new QB.QuickBlox();
  // With an account key and the vendor's hosts, the SDK would ask the vendor for the endpoints.
  sdk.init(appIdOrToken, authKeyOrAppId, authSecret, 'account key', {
    endpoints: { api, chat: 'chat.example' },
    on: { sessionExpired },
  });
  return { sdk, auth: promised(sdk), users: promised(sdk.users), addressbook: promised(sdk.addressbook) };
}

/** Makes an SDK that has a token already. Returns its address book. */
export function connect(token, sessionExpired) {
  const { sdk, addressbook } = init([1, 'auth key', 'auth secret'], { sessionExpired });
  sdk.service.setSession(token && { token });
  return addressbook;
}
