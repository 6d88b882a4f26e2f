// Tests that a browser's own cache asks whether an answer is still true, and shows it again.

import assert from 'node:assert/strict';
import test from 'node:test';
import { inBrowser, skip } from './chromium.mjs';
import { newUser, server } from './local-server.mjs';

const PHONE = '+1 650 555 0178';

/** Runs `act` on a page of the server, with a list of the statuses that came over the wire. */
const onPage = (act) =>
  inBrowser(async (browser) => {
    const page = await (await browser.newContext()).newPage();
    // The server's own page would make requests of its own, which would be counted too.
    await page.goto(new URL('/_local/pushes', server).href);
    const statuses = [];
    const wire = await page.context().newCDPSession(page);
    await wire.send('Network.enable');
    wire.on('Network.responseReceivedExtraInfo', ({ statusCode }) => statuses.push(statusCode));
    await act(page, statuses);
  });

const call = (page, method, token, body) =>
  page.evaluate(async ({ method, token, body }) => {
    const headers = { 'CB-Token': token, 'Content-Type': 'application/json' };
    const response = await fetch('/address_book', { method, headers, body: body && JSON.stringify(body) });
    return { status: response.status, answer: await response.json() };
  }, { method, token, body });

test('Chromium shows its stored book only while it is still true', { skip }, () =>
  onPage(async (page, statuses) => {
    const { token } = newUser();
    const shown = (name) => ({ status: 200, answer: [{ name, phone: PHONE }] });
    await call(page, 'POST', token, { contacts: [{ name: 'Ola', phone: PHONE }] });
    for (const expected of [200, 304, 304]) {
      assert.deepEqual(await call(page, 'GET', token), shown('Ola'));
      assert.equal(statuses.at(-1), expected);
    }
    await call(page, 'POST', token, { contacts: [{ name: 'Kari', phone: PHONE }] });
    assert.deepEqual(await call(page, 'GET', token), shown('Kari'));
    assert.equal(statuses.at(-1), 200);

    // The next user of the same browser has the same URL, and another book.
    await call(page, 'GET', token);
    assert.deepEqual(await call(page, 'GET', newUser().token), { status: 200, answer: [] });
    assert.equal(statuses.at(-1), 200);
  }));
