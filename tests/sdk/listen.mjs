// Servers within a test's process.

/** Lets `server` listen on a free port, for as long as the process lives. Returns the host and port. */
export async function listen(server) {
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return `127.0.0.1:${server.unref().address().port}`;
}
