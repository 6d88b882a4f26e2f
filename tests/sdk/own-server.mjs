// Servers of a test's own, with the flags that it needs.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after } from 'node:test';

const { ADDRESS_BOOK_BINARY } = process.env;

/** Starts a server until the end of the file's tests. Returns its origin once it listens. */
export async function startServer(...flags) {
  const server = spawn(ADDRESS_BOOK_BINARY, ['--port', '0', ...flags], {
    env: { RUST_LOG: 'warn', ...process.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(server, 'exit');
  after(async () => {
    server.kill('SIGINT');
    assert.deepEqual(await ended, [0, null], 'the server ends cleanly');
  });
  for await (const line of createInterface({ input: server.stdout })) {
    const [origin] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
    if (origin) {
      server.stdout.resume();
      return origin;
    }
  }
  throw new Error(`the server ended before it listened: ${flags.join(' ')}`);
}

/** The flags for an issuer of `issuer.mjs`. */
export const trusting = (issuer, audiences) => [
  '--issuer',
  issuer.url,
  ...audiences.flatMap((audience) => ['--audience', audience]),
];
