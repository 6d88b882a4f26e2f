// Faults on purpose: which requests fail, come late or stay unanswered.

import { $, ask, element } from './element.js';

const EFFECTS = {
  'busy: 503': { status: 503 },
  'too many requests: 429': { status: 429 },
  'our mistake: 500': { status: 500 },
  'no session: 401': { status: 401 },
  'two seconds late': { delay_ms: 2000 },
  'worked on, but the answer never comes': { drop: true },
};
const SHARES = { 'every request': 1, 'every second request': 0.5, 'every tenth request': 0.1 };

const nameOf = (names, wanted) => Object.keys(names).find((name) => JSON.stringify(names[name]) === JSON.stringify(wanted));

/** Returns a fault as people say it. */
export function faultOf({ route, share, ...effect }) {
  const what = nameOf(EFFECTS, effect) ?? JSON.stringify(effect);
  return `${route ?? 'every route'}: ${what}, ${nameOf(SHARES, share) ?? `a share of ${share}`}`;
}

async function read() {
  const { faults, routes } = await ask('/_local/faults');
  $('#faults ul').replaceChildren(...faults.map((fault) => element('li', faultOf(fault))));
  $('#faults [type=button]').disabled = faults.length === 0;
  return routes;
}

/** Shows the faults, and lets them be set and ended. */
export async function showFaults() {
  const form = $('#faults form');
  const fill = (name, texts) => form.elements[name].append(...texts.map((text) => element('option', text)));
  fill('effect', Object.keys(EFFECTS));
  fill('share', Object.keys(SHARES));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const [route, effect, share] = ['route', 'effect', 'share'].map((name) => form.elements[name].value);
    await ask('/_local/faults', 'POST', { ...(route && { route }), ...EFFECTS[effect], share: SHARES[share] });
    await read();
  });
  $('#faults [type=button]').addEventListener('click', async () => {
    await ask('/_local/faults', 'DELETE');
    await read();
  });
  fill('route', await read());
}
