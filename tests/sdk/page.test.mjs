// Tests the page at `/` of the local server as a person uses it, in Chromium.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import test from 'node:test';
import { inBrowser, skip } from './chromium.mjs';
import { startServer } from './own-server.mjs';
import { NARROW, caption, onPage, phone, upload } from './page.mjs';

const drop = (page, place, name, text) =>
  phone(page, place).evaluate((view, [name, text]) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([text], name));
    view.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true }));
  }, [name, text]);

test('the tour ends with a push on the phone that has the joiner in its book', { skip }, () =>
  onPage(async (page) => {
    for (const button of ['Start the tour', 'Next', 'Next', 'Next']) {
      await page.getByRole('button', { name: button, exact: true }).click();
      await page.locator('#tour:enabled').waitFor();
    }
    await phone(page, 0).locator('.banners', { hasText: 'Bob from work is here now. Say hello!' }).waitFor();
    await caption(page, 0, 'The book: 2 contacts, 1 of them users');
    assert.equal(await phone(page, 1).locator('.banners li').count(), 0);
    await page.locator('#timeline li', { hasText: 'a push to alice' }).waitFor();
    assert.match(await page.locator('#total').textContent(), /^[1-9]\d* read and [1-9]\d* write units so far: \$\d/);
  }));

test('hiding, muting and leaving do what they say', { skip }, () =>
  onPage(async (page) => {
    const press = (place, name) => phone(page, place).getByRole('button', { name, exact: true }).click();
    const profile = (place, text) => phone(page, place).locator('.profile', { hasText: text }).waitFor();
    await press(1, 'Sign up');
    await profile(1, 'A user, number 1');
    await upload(page, 0, 'Bob,(650) 555-0123');
    await caption(page, 0, '1 of them users');
    await press(1, 'Hide');
    await profile(1, 'hidden');
    await caption(page, 0, '0 of them users');
    await press(1, 'Show');
    await caption(page, 0, '1 of them users');
    await press(1, 'Mute');
    await profile(1, 'muted');
    await press(1, 'Leave');
    await profile(1, 'Not a user yet');
    await caption(page, 0, '0 of them users');
  }));

test('files that are dropped onto a phone are uploaded', { skip }, () =>
  onPage(async (page) => {
    const cards = [
      'BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ola Nordmann\r\nTEL;TYPE=CELL:+47 900 00 000\r\nitem1.TEL:+47 900\r\n  00 001\r\nEND:VCARD',
      'BEGIN:VCARD\r\nVERSION:2.1\r\nN;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:M=C3=BCller;Zo=C3=AB\r\nTEL;CELL:01511234567\r\nEND:VCARD',
    ];
    await drop(page, 0, 'contacts.vcf', cards.join('\r\n'));
    await caption(page, 0, 'The book: 3 contacts');
    const names = await phone(page, 0).locator('tbody td:first-child').allTextContents();
    assert.deepEqual(names, ['Ola Nordmann', 'Ola Nordmann', 'Zoë Müller']);
    const lines = Array.from({ length: 5_000 }, (_, place) => `"Person, ${place}",+1415${5_000_000 + place}`);
    await drop(page, 0, 'contacts.csv', `name,phone\n${lines.join('\n')}`);
    await caption(page, 0, 'The book: 5003 contacts');
    assert.equal(await phone(page, 0).locator('tbody tr').count(), 300);
  }));

test('names are text, whatever is in them', { skip }, () =>
  onPage(async (page) => {
    const names = ['<img src=x onerror=alert(1)>', '</textarea><script>alert(2)</script>', 'مرحبا \u202Eabc', 'a\u0007b\u200Bc'];
    await upload(page, 0, names.map((name, place) => `"${name}",+1650555010${place}`).join('\n'));
    await caption(page, 0, 'The book: 4 contacts');
    assert.deepEqual(await phone(page, 0).locator('tbody td:first-child').allTextContents(), names);
    await phone(page, 1).locator('[name=number]').fill('+16505550100');
    await phone(page, 1).locator('[name=name]').fill(names[0]);
    await phone(page, 1).getByRole('button', { name: 'Sign up' }).click();
    await phone(page, 0).locator('.banners', { hasText: `${names[0]} is here now` }).waitFor();
    await page.getByRole('button', { name: 'Read the tables' }).click();
    await page.locator('#tables summary', { hasText: 'Users: ' }).waitFor();
  }));

test('two windows see the same, also after a reload and as narrow as a phone', { skip }, () =>
  onPage(async (page, open) => {
    const other = await open({ viewport: NARROW });
    await upload(page, 0, 'Bob,(650) 555-0123');
    await other.locator('#timeline li', { hasText: 'POST /address_book' }).waitFor();
    await other.reload();
    await caption(other, 0, 'The book: 1 contacts');
    await other.locator('#timeline li', { hasText: 'POST /address_book' }).waitFor();
    const overflow = await other.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `${overflow} pixels are beyond the edge`);
    await other.keyboard.press('Tab');
    assert.equal(await other.evaluate(() => document.activeElement.id), 'tour', 'a keyboard comes to the tour first');
  }));

test('a web page of another origin may call only where it is allowed', { skip }, () =>
  inBrowser(async (browser) => {
    const elsewhere = createServer((_, response) => response.end('<!doctype html>')).listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    try {
      const app = `http://127.0.0.1:${elsewhere.address().port}`;
      const page = await browser.newPage();
      await page.goto(app);
      const asked = (origin) =>
        page.evaluate(async (origin) => {
          const body = JSON.stringify({ user: { login: 'ann', password: 'any' } });
          try {
            const response = await fetch(`${origin}/session`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
            return [response.status, response.headers.has('CB-Token-ExpirationDate')];
          } catch {
            return 'refused';
          }
        }, origin);
      assert.deepEqual(await asked(await startServer('--cors', app)), [201, true]);
      assert.equal(await asked(await startServer('--cors', 'https://app.example')), 'refused');
      assert.equal(await asked(await startServer()), 'refused');
    } finally {
      elsewhere.close();
    }
  }));
