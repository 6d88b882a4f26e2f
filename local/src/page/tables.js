// What is stored: the items as DynamoDB has them, or opened with the server's keys.

import { $, ask, element } from './element.js';

const WHY = { hash: 'a hash, which nobody can read back', sealed: 'sealed, and these keys don’t open it' };

/** Returns an opened value as elements. A time gets its date. */
function opened(name, value) {
  if (Array.isArray(value)) {
    const list = element('ol');
    list.append(...value.map((one) => {
      const item = element('li');
      item.append(opened(name, one));
      return item;
    }));
    return list;
  }
  if (typeof value !== 'object' || value === null) {
    const ms = /_ms$/.test(name) ? value : /_at$/.test(name) ? value * 1000 : undefined;
    const date = typeof ms === 'number' && ms > 0 ? ` (${new Date(ms).toLocaleString()})` : '';
    return element('span', `${value}${date}`, { dir: 'auto' });
  }
  const [why] = Object.keys(value);
  if (WHY[why] && Object.keys(value).length === 1) {
    return element('span', `${value[why]} (${WHY[why]})`, { class: 'closed' });
  }
  const list = element('dl');
  for (const [field, one] of Object.entries(value)) {
    const description = element('dd');
    description.append(opened(field, one));
    list.append(element('dt', field), description);
  }
  return list;
}

async function read() {
  const unsealed = $('#unsealed').checked;
  const tables = await ask(`/_local/tables?unsealed=${unsealed ? 1 : 0}`);
  const open = new Set([...document.querySelectorAll('#tables details[open]')].map((part) => part.dataset.table));
  const parts = Object.entries(tables).map(([name, items]) => {
    const part = element('details', '', { 'data-table': name });
    part.open = open.has(name);
    const shown = unsealed ? items.map((item) => opened(name, item)) : [element('pre', items.map((item) => JSON.stringify(item)).join('\n'))];
    const content = element('div', '', { class: 'items', tabindex: 0, role: 'region', 'aria-label': `Items of ${name}` });
    content.append(...shown);
    part.append(element('summary', `${name}: ${items.length}`), content);
    return part;
  });
  $('#tables').replaceChildren(...parts);
}

/** Shows the tables when they are asked for, sealed or not. */
export function showTables() {
  $('#read-tables').addEventListener('click', read);
  $('#unsealed').addEventListener('change', read);
}
