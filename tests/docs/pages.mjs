// Runs the curl lines of README.md, docs/API.md and docs/LOCAL.md against a local server. Each page runs from top
// to bottom, on a server of its own: tests/docs/run [BINARY]. Every line has to succeed. If a
// comment of JSON follows, the line has to answer with it; … in the comment matches anything.

import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const binary = resolve(process.argv[2] ?? join(root, 'target/debug/address-book'));
const PAGES = ['README.md', 'docs/API.md', 'docs/LOCAL.md'];
const PAGES_SAY = 'localhost:8080';

/** Returns the page's curl lines, each with the answer that the page promises, if any. */
function curlLines(page) {
  const blocks = [...readFileSync(join(root, page), 'utf8').matchAll(/^```sh\n(.*?)^```/gms)].map(([, block]) => block);
  const lines = [];
  for (const line of blocks.join('').replace(/\\\n\s*/g, '').split('\n')) {
    if (line.includes(PAGES_SAY)) lines.push({ line, answer: undefined });
    else if (/^# [{[]/.test(line)) lines.at(-1).answer = line.slice(2);
  }
  return lines;
}

/** Starts a server on a free port. Returns the server and its address. */
async function started() {
  const server = spawn(binary, ['--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  server.on('error', (error) => {
    console.error(`no server at ${binary} (cargo build makes it): ${error.message}`);
    process.exit(2);
  });
  for await (const line of createInterface({ input: server.stdout })) {
    const [, address] = line.match(/http:\/\/(127\.0\.0\.1:\d+)/) ?? [];
    if (address) return { server, address };
  }
  throw new Error('the server ended before it listened');
}

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const matches = (answer, promise) => new RegExp(`^${promise.split('…').map(escaped).join('.*')}$`, 's').test(answer);

/**
 * Returns what is wrong with one line, or nothing if it does what the page says. A line that sets a variable sets it
 * in `variables`, for the lines after it.
 */
function complaint({ line, answer }, address, variables) {
  const [, variable] = line.match(/^(\w+)=\$\(/) ?? [];
  const command = line.replaceAll(PAGES_SAY, address).replace(/\bcurl /g, 'curl -sS --fail-with-body ');
  const shown = variable ? `${command}; printf %s "$${variable}"` : command;
  const env = { ...process.env, ...variables };
  const { status, stdout, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', shown], { encoding: 'utf8', env });
  if (variable) variables[variable] = stdout;
  if (status !== 0) return `fails: ${stdout}${stderr}`;
  if (answer !== undefined && !matches(stdout, answer)) return `answers\n  ${stdout}\nand not\n  ${answer}`;
  return undefined;
}

let wrong = 0;
for (const page of PAGES) {
  const { server, address } = await started();
  const lines = curlLines(page);
  const variables = {};
  for (const line of lines) {
    const problem = complaint(line, address, variables);
    if (problem !== undefined) console.error(`${page}: ${line.line}\n${problem}`);
    wrong += problem === undefined ? 0 : 1;
  }
  server.kill('SIGINT');
  console.log(`${page}: ${lines.length} curl lines`);
}
process.exit(wrong === 0 ? 0 : 1);
