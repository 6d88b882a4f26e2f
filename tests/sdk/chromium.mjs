// Debian's Chromium, or Google's, where one is installed.

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const PATH = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path));

/** What a test in a browser is to be skipped for. */
export const skip = PATH ? false : 'there is no Chromium';

/** Runs `act` with a browser, and closes that. */
export async function inBrowser(act) {
  const browser = await chromium.launch({
    executablePath: PATH,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  try {
    return await act(browser);
  } finally {
    await browser.close();
  }
}
