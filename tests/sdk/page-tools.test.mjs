// Tests what the page at `/` of the local server shows besides the tour: countries, the tables opened, books that are
// written, the clock and the faults.

import assert from 'node:assert/strict';
import test from 'node:test';
import { skip } from './chromium.mjs';
import { NARROW, caption, onPage, phone, upload } from './page.mjs';

test('two contacts of one name each have their own mark', { skip }, () =>
  onPage(async (page) => {
    await upload(page, 0, 'Bob,(650) 555-0123\nBob,+49 1512 3456780');
    await phone(page, 1).getByRole('button', { name: 'Sign up' }).click();
    await caption(page, 0, '2 contacts, 1 of them users');
    const marks = await phone(page, 0).locator('tbody tr').evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent)));
    assert.deepEqual(marks.sort(), [['Bob', '(650) 555-0123', 'yes, 1'], ['Bob', '+49 1512 3456780', '']]);
  }));

test('a phone moves to another country, and its contacts are read as written there', { skip }, () =>
  onPage(async (page) => {
    const country = (place) => phone(page, place).getByRole('combobox', { name: 'Their country' });
    await country(0).selectOption('Germany');
    await country(1).selectOption('Germany');
    await phone(page, 1).locator('.home', { hasText: '01512 3456789' }).waitFor();
    assert.deepEqual(await Promise.all([0, 1].map((place) => phone(page, place).locator('[name=number]').inputValue())), ['+4915123456789', '+4915123456780']);
    await phone(page, 1).getByRole('button', { name: 'Sign up' }).click();
    await upload(page, 0, 'Bernd,01512 3456780');
    await caption(page, 0, '1 contacts, 1 of them users');
    await phone(page, 0).locator('[name=number]').fill('+819012345678');
    await phone(page, 0).locator('[name=number]').press('Tab');
    await page.waitForFunction(() => document.querySelector('[name=country]').value === 'JP');
  }));

test('the tables are shown as they are stored, and opened', { skip }, () =>
  onPage(async (page) => {
    const hostile = '<img src=x onerror=alert(1)>';
    await upload(page, 0, `"${hostile}",(650) 555-0123`);
    await caption(page, 0, '1 contacts');
    await phone(page, 1).getByRole('button', { name: 'Sign up' }).click();
    await phone(page, 0).locator('.banners', { hasText: 'is here now' }).waitFor();
    await page.getByRole('button', { name: 'Read the tables' }).click();
    await page.locator('#tables summary', { hasText: 'AddressBooks: 1' }).waitFor();
    assert.doesNotMatch(await page.locator('#tables').textContent(), /alice|16505550123|img/);
    await page.getByRole('checkbox', { name: 'Unsealed' }).check();
    const table = (name) => page.locator(`#tables [data-table=${name}]`);
    await table('AddressBooks').locator('dl').first().waitFor({ state: 'attached' });
    const textOf = (name) => table(name).textContent();
    for (const text of ['alice', hostile, '16505550123', '(650) 555-0123', 'match1']) {
      assert.ok((await textOf('AddressBooks')).includes(text), text);
    }
    for (const text of ['subject#bob', 'full_nameBob', 'phone16505550123']) assert.ok((await textOf('Users')).includes(text), text);
    assert.match(await textOf('ContactOwners'), /ownerbookglobaluseralice/);
    assert.match(await textOf('Subscriptions'), /user#alice.*gcm#page-/);
    for (const name of ['ContactOwners', 'Budgets', 'Claims']) {
      assert.match(await textOf(name), /\(a hash, which nobody can read back\)/, name);
      assert.doesNotMatch(await textOf(name), /6505550123/, name);
    }
    assert.doesNotMatch(await page.locator('#tables').textContent(), /keys don’t open/);
    await page.getByRole('checkbox', { name: 'Unsealed' }).uncheck();
    await page.locator('#tables pre').first().waitFor({ state: 'attached' });
    assert.doesNotMatch(await page.locator('#tables').textContent(), /alice|16505550123|img/);
  }));

test('each write of a book is told of, and its units are counted once', { skip }, () =>
  onPage(async (page) => {
    await upload(page, 0, 'Bob,(650) 555-0123');
    await page.locator('#timeline li', { hasText: 'alice’s book was written: its head' }).waitFor();
    await phone(page, 1).getByRole('button', { name: 'Sign up' }).click();
    await page.locator('#timeline li', { hasText: 'alice’s book was written' }).nth(1).waitFor();
    await page.locator('#timeline li', { hasText: 'a push to alice' }).waitFor();
    const { events, total } = await page.evaluate(async () => {
      const events = [];
      const source = new EventSource('/_local/events');
      source.addEventListener('message', ({ data }) => events.push(JSON.parse(data)));
      // The total is of the events that the page has heard.
      while (events.length === 0 || events.length !== document.querySelectorAll('#timeline li').length) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      source.close();
      return { events, total: document.querySelector('#total').textContent };
    });
    const books = events.filter(({ kind }) => kind === 'book');
    for (const book of books) {
      const { calls } = events.find(({ id }) => id === book.of);
      const written = calls.filter(({ writes, tables }) => writes && tables.includes('AddressBooks'));
      assert.ok(written.some(({ units }) => units >= book.units) && book.units > 0, JSON.stringify({ book, calls }));
    }
    assert.deepEqual(books.map(({ user, udid, change }) => [user, udid, change]), [['alice', null, 'written'], ['alice', null, 'written']]);
    const sum = events.flatMap(({ calls = [] }) => calls).filter(({ writes }) => writes).reduce((all, { units }) => all + units, 0);
    assert.match(total, new RegExp(` and ${sum} write units so far`));
  }));

test('31 days later a number that comes back is announced again', { skip }, () =>
  onPage(async (page) => {
    const press = (place, name) => phone(page, place).getByRole('button', { name, exact: true }).click();
    const banners = (count) => page.waitForFunction((count) => document.querySelectorAll('.banners li').length === count, count);
    const joins = async () => {
      await press(1, 'Sign up');
      await phone(page, 1).locator('.profile', { hasText: 'A user' }).waitFor();
    };
    await upload(page, 0, 'Bob,(650) 555-0123');
    await caption(page, 0, 'The book: 1 contacts');
    await joins();
    await banners(1);
    await press(1, 'Leave');
    await phone(page, 1).locator('.profile', { hasText: 'Not a user yet' }).waitFor();
    await joins();
    await caption(page, 0, '1 of them users');
    await press(1, 'Leave');
    await phone(page, 1).locator('.profile', { hasText: 'Not a user yet' }).waitFor();
    assert.equal(await page.locator('.banners li').count(), 1, 'the claim of the first push still holds');
    await page.getByRole('button', { name: '31 days later' }).click();
    await page.locator('#now', { hasText: '31 days ahead' }).waitFor();
    await page.locator('#timeline li', { hasText: /the clock was moved on by 31 days; .*1 of Claims/ }).waitFor();
    await joins();
    await banners(2);
  }));

test('a fault is set, shown and ended', { skip }, () =>
  onPage(async (page) => {
    const faults = page.locator('#faults');
    const set = async (route, effect, share) => {
      await faults.getByRole('combobox', { name: 'Route' }).selectOption(route);
      await faults.getByRole('combobox', { name: 'What happens' }).selectOption(effect);
      await faults.getByRole('combobox', { name: 'How often' }).selectOption(share);
      await faults.getByRole('button', { name: 'Set the fault' }).click();
    };
    const answer = (text) => phone(page, 0).locator('.answer', { hasText: text }).waitFor();
    await set('POST /address_book', 'busy: 503', 'every second request');
    await faults.locator('li', { hasText: 'POST /address_book: busy: 503, every second request' }).waitFor();
    await upload(page, 0, 'Bob,(650) 555-0123');
    await answer('1 new, 0 changed');
    await upload(page, 0, 'Ann,(650) 555-0124');
    await answer('503: The service is busy. Please try again.');
    await page.locator('#timeline li', { hasText: 'POST /address_book → 503' }).filter({ hasText: '(a fault: status 503)' }).waitFor();
    await faults.getByRole('button', { name: 'End all faults' }).click();
    await page.locator('#timeline li', { hasText: 'faults were ended: 1' }).waitFor();
    await set('POST /address_book', 'worked on, but the answer never comes', 'every request');
    await faults.locator('li', { hasText: 'never comes' }).waitFor();
    await upload(page, 0, 'Cy,(650) 555-0125');
    await answer('The answer never came.');
    await caption(page, 0, '2 contacts');
  }, { expected: /^Failed to load resource/ }));

test('the page is usable by keyboard, in the dark and on a narrow screen', { skip }, () =>
  onPage(async (_, open) => {
    const page = await open({ viewport: NARROW, colorScheme: 'dark' });
    await upload(page, 0, `${'long '.repeat(40)},(650) 555-0123`);
    await caption(page, 0, '1 contacts');
    await page.getByRole('checkbox', { name: 'Unsealed' }).focus();
    await page.keyboard.press('Space');
    await page.locator('#tables summary').first().waitFor();
    for (const summary of await page.locator('#tables summary').all()) {
      await summary.focus();
      await page.keyboard.press('Enter');
    }
    await page.getByRole('button', { name: '1 hour later' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('#timeline li', { hasText: 'moved on by 1 hour' }).waitFor();
    const overflow = await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `${overflow} pixels are beyond the edge`);
    const unnamed = await page.locator('button, input, select, textarea').evaluateAll((controls) =>
      controls.filter((one) => one.offsetParent && !(one.ariaLabel || one.labels?.length || one.textContent.trim())).map((one) => one.outerHTML));
    assert.deepEqual(unnamed, []);
    const [text, back] = await page.evaluate(() => ['color', 'backgroundColor'].map((name) => getComputedStyle(document.body)[name]));
    assert.notEqual(text, 'rgb(0, 0, 0)', `the text is light in the dark, on ${back}`);
  }));
