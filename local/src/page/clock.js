// The server's clock, which can be moved on.

import { $, ask } from './element.js';

/** Returns a span of time as people say it. */
export function spanOf(seconds) {
  const [count, unit] = [[86_400, 'day'], [3_600, 'hour'], [1, 'second']].map(([size, unit]) => [seconds / size, unit]).find(([count]) => Number.isInteger(count));
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

function show({ now_ms, ahead_seconds }) {
  const ahead = ahead_seconds > 0 ? `, ${spanOf(ahead_seconds)} ahead of this machine’s` : '';
  $('#now').textContent = `The server’s clock: ${new Date(now_ms).toLocaleString()}${ahead}.`;
}

/** Shows the clock and lets it be moved on, and then calls `moved`. Returns what time it is. */
export async function showClock(moved) {
  $('#clock').addEventListener('click', async ({ target }) => {
    const { seconds } = target.dataset;
    if (!seconds) return;
    const clock = await ask('/_local/clock', 'POST', { seconds: Number(seconds) });
    show(clock);
    await moved();
  });
  const clock = await ask('/_local/clock');
  show(clock);
  return clock.now_ms;
}
