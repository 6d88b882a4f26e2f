// The page at `/` of a local server, in Chromium.

import assert from 'node:assert/strict';
import { inBrowser } from './chromium.mjs';
import { startServer } from './own-server.mjs';

/** A viewport as narrow as a phone. */
export const NARROW = { width: 360, height: 700 };

/**
 * Opens the page of a new server. Fails if the page complains of anything, or opens a dialog. Chromium itself complains
 * of answers that fail, which is `expected` where a test has them fail.
 */
export const onPage = (act, { expected = /^$/ } = {}) =>
  inBrowser(async (browser) => {
    const origin = await startServer();
    const complaints = [];
    const open = async (options) => {
      const page = await browser.newPage(options);
      page.on('console', (message) => message.type() === 'error' && !expected.test(message.text()) && complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('dialog', (dialog) => {
        complaints.push(`a dialog: ${dialog.message()}`);
        return dialog.dismiss();
      });
      await page.goto(origin);
      await page.locator('.phone').nth(1).waitFor();
      return page;
    };
    await act(await open(), open);
    assert.deepEqual(complaints, []);
  });

/** Returns a phone of the page, counted from 0. */
export const phone = (page, place) => page.locator('.phone').nth(place);
/** Types contacts into a phone, and uploads them. */
export const upload = async (page, place, text) => {
  await phone(page, place).locator('textarea').fill(text);
  await phone(page, place).getByRole('button', { name: 'Upload' }).click();
};
/** Waits until a phone's book has this caption. */
export const caption = (page, place, text) => phone(page, place).locator('caption', { hasText: text }).waitFor();
