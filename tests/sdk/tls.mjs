// TLS in front of a server, for the SDK that writes `https://` before every host in code.

import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { pipeline } from 'node:stream';
import { createServer } from 'node:tls';
import { listen } from './listen.mjs';

/** Returns the host and port at which the server of `origin` speaks TLS, for as long as the process lives. */
export async function behindTls(origin) {
  // `run` makes the certificate, and Node trusts it because of the same variable.
  const { NODE_EXTRA_CA_CERTS, ADDRESS_BOOK_TLS_KEY } = process.env;
  const certificate = { cert: readFileSync(NODE_EXTRA_CA_CERTS), key: readFileSync(ADDRESS_BOOK_TLS_KEY) };
  const { hostname, port } = new URL(origin);
  const proxy = createServer(certificate, (client) => {
    const server = connect(port, hostname);
    for (const socket of [client, server]) socket.unref();
    pipeline(client, server, client, () => {});
  });
  return listen(proxy);
}
