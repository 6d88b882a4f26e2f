// Tests the app in `examples/web-app` as two people use it, in Chromium: the stock bundle for browsers, from another
// origin.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import test, { after } from 'node:test';
import { inBrowser, skip } from './chromium.mjs';
import { startServer } from './own-server.mjs';

const FILES = {
  '/': new URL('../../examples/web-app/index.html', import.meta.url),
  '/connectycube.min.js': new URL('./node_modules/connectycube/dist/connectycube.min.js', import.meta.url),
};

/** Serves the app. Returns its origin. */
async function served() {
  const server = createServer(async (request, response) => {
    const file = FILES[new URL(request.url, 'http://localhost').pathname];
    response.writeHead(file ? 200 : 404, { 'Content-Type': request.url.includes('.js') ? 'text/javascript' : 'text/html' });
    response.end(file && (await readFile(file)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

test('an app with the stock bundle signs in from another origin, and hears who joins', { skip }, () =>
  inBrowser(async (browser) => {
    const app = await served();
    const api = await startServer('--cors', app);
    const complaints = [];
    const open = async (login) => {
      // Each has a storage of its own, as two devices have.
      const page = await (await browser.newContext()).newPage();
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.goto(`${app}/?api=${encodeURIComponent(api)}`);
      await page.getByLabel('User').fill(login);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('status').filter({ hasText: 'You are user' }).waitFor();
      return page;
    };
    const ann = await open('ann:+14155550100');
    await ann.getByRole('textbox', { name: 'Contacts' }).fill('Bob from work,+16505550123\nGordie Kann,1879108395');
    await ann.getByRole('button', { name: 'Upload' }).click();
    await ann.getByRole('status').filter({ hasText: '2 new, 0 changed, 0 rejected.' }).waitFor();
    assert.equal(await ann.getByRole('listitem').count(), 0);

    await open('bob:+16505550123');
    await ann.getByRole('status').filter({ hasText: 'Bob from work is here now. Say hello!' }).waitFor();
    await ann.getByRole('listitem').filter({ hasText: 'Bob from work (user 2)' }).waitFor();
    assert.deepEqual(complaints, []);
  }));
