// The QuickBlox SDK's address book. The whole SDK can't be installed, because a dependency of its
// chat is a tarball on GitHub. So `run` unpacks the package as it is, and this file loads the
// modules that speak HTTP.

import { createRequire } from 'node:module';
import { server } from './local-server.mjs';

const load = createRequire(new URL('./vendor/quickblox-2.23.0/src/', import.meta.url));
const AddressBook = load('./modules/qbAddressBook.js');
const Proxy = load('./qbProxy.js');
const Utils = load('./qbUtils.js');
const config = load('./qbConfig.js');

// The SDK writes `https://` before every host in code, but the local server speaks plain HTTP.
const { getUrl } = Utils;
Utils.getUrl = (...parts) => getUrl.apply(Utils, parts).replace(/^https:/, 'http:');

config.set({ endpoints: { api: server.host }, debug: { mode: 0 } });

/** Makes the SDK's address book, with promises. `sessionExpired` applies to the whole process. */
export function connect(token, sessionExpired = null) {
  config.set({ on: { sessionExpired } });
  const proxy = new Proxy();
  proxy.setSession(token && { token });
  const sdk = new AddressBook(proxy);
  const promised = (method) => (...parameters) =>
    new Promise((resolve, reject) => {
      sdk[method](...parameters, (error, answer) => (error ? reject(error) : resolve(answer)));
    });
  return {
    uploadAddressBook: promised('uploadAddressBook'),
    get: promised('get'),
    getRegisteredUsers: promised('getRegisteredUsers'),
  };
}
