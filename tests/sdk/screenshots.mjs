// Makes the pictures of README.md and docs/LOCAL.md: `node screenshots.mjs [BINARY]`. It needs what `run` installs.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { inBrowser } from './chromium.mjs';

const binary = process.argv[2] ?? fileURLToPath(new URL('../../target/debug/address-book', import.meta.url));
const docs = new URL('../../docs/', import.meta.url);

const server = spawn(binary, ['--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
const [line] = await once(createInterface({ input: server.stdout }), 'line');
const [origin] = /http:\/\/127\.0\.0\.1:\d+/.exec(line);

await inBrowser(async (browser) => {
  const page = await browser.newPage({ viewport: { width: 1100, height: 980 } });
  await page.goto(origin);
  const save = (name, target = page) => target.screenshot({ path: fileURLToPath(new URL(name, docs)) });
  const press = (name) => page.getByRole('button', { name, exact: true }).click();
  for (const name of ['Start the tour', 'Next', 'Next', 'Next']) {
    await press(name);
    await page.locator('#tour:enabled').waitFor();
  }
  await page.locator('.banners li').waitFor();
  await save('page.png');

  await page.getByRole('checkbox', { name: 'Unsealed' }).check();
  for (const name of ['AddressBooks', 'ContactOwners']) await page.locator('#tables summary', { hasText: name }).click();
  await page.setViewportSize({ width: 800, height: 980 });
  await save('tables.png', page.locator('section', { has: page.locator('#tables') }));

  await press('31 days later');
  await page.locator('#timeline li', { hasText: 'the clock was moved on' }).waitFor();
  await page.waitForTimeout(1000); // The phones read their books again.
  await page.getByRole('combobox', { name: 'Route' }).selectOption('POST /address_book');
  await press('Set the fault');
  await page.locator('#faults li').waitFor();
  const phone = page.locator('.phone').first();
  await phone.locator('textarea').fill('Carla,+49 1512 3456789');
  await phone.getByRole('button', { name: 'Upload' }).click();
  await phone.locator('.answer', { hasText: '503' }).waitFor();
  await page.locator('#clock').evaluate((clock) => scrollTo(0, clock.offsetTop - 16));
  await page.waitForTimeout(1000);
  const answered = page.locator('#timeline li', { hasText: '(a fault: status 503)' });
  await answered.evaluate((item) => item.parentElement.scrollTo(0, item.offsetTop - item.parentElement.offsetTop));
  await save('faults.png');
});

server.kill('SIGINT');
await once(server, 'exit');
