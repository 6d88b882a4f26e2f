// What happened: the events of the server, newest first, and what they would cost.

import { spanOf } from './clock.js';
import { $, element } from './element.js';
import { faultOf } from './faults.js';

const DOLLARS_A_MILLION = { read: 0.125, write: 0.625 };
const SHOWN_EVENTS = 200;

const totals = { read: 0, write: 0 };
const bars = [];

/** Returns the units of an event's calls. */
function unitsOf({ calls = [] }) {
  const sum = (writes) => calls.filter((call) => call.writes === writes).reduce((units, call) => units + call.units, 0);
  return { read: sum(false), write: sum(true) };
}

const dollars = ({ read, write }) => read * DOLLARS_A_MILLION.read + write * DOLLARS_A_MILLION.write;

function describe(event) {
  switch (event.kind) {
    case 'request': return `${event.user ?? 'somebody'}: ${event.method} ${event.path} → ${event.status} in ${event.ms.toFixed(1)} ms${event.fault ? ` (a fault: ${event.fault})` : ''}`;
    case 'record': return `the stream of Users: ${event.change}`;
    case 'book': return describeBook(event);
    case 'fault': return event.set ? `a fault was set: ${faultOf(event.set)}` : `faults were ended: ${event.ended}`;
    case 'clock': return describeMove(event);
    case 'message': return `a message: ${event.function} ${event.is_done ? 'has done it' : 'will try again'}`;
    case 'push': return `a push to ${event.user_id}: ${event.text}`;
    default: return event.kind;
  }
}

/** A book's units are among those of the event after it, so they aren't added up. */
function describeBook({ user, udid, change, head, base, units }) {
  const book = udid === null ? 'book' : `book of the device ${udid}`;
  const items = [head && 'its head', base && 'its base'].filter(Boolean).join(' and ');
  const done = change === 'kept' ? 'noted as used' : change;
  return `${user ?? 'somebody'}’s ${book} was ${done}: ${items}, ${units} write units of the event above`;
}

function describeMove({ seconds, expired }) {
  const items = Object.entries(expired).map(([table, count]) => `${count} of ${table}`);
  return `the clock was moved on by ${spanOf(seconds)}; items whose time was over: ${items.join(', ') || 'none'}`;
}

function tell(event) {
  const units = unitsOf(event);
  totals.read += units.read;
  totals.write += units.write;
  const cost = units.read + units.write > 0 ? ` · ${units.read} read and ${units.write} write units, $${dollars(units).toFixed(3)} a million` : '';
  const item = element('li', `${new Date(event.at_ms).toLocaleString()} ${describe(event)}${cost}`, { dir: 'auto' });
  item.title = (event.calls ?? []).map(({ operation, tables }) => `${operation} ${tables.join(', ')}`).join('\n');
  $('#timeline').prepend(item);
  if ($('#timeline').childElementCount > SHOWN_EVENTS) $('#timeline').lastElementChild.remove();
  $('#total').textContent = `${totals.read} read and ${totals.write} write units so far: $${dollars(totals).toFixed(2)} if a million people did the same.`;
  if (event.calls?.length > 0) bars.push(units);
  if (bars.length > 120) bars.shift();
}

function draw() {
  const most = Math.max(4, ...bars.map(({ read, write }) => read + write));
  const bar = ({ read, write }, place) => {
    const x = 600 - (bars.length - place) * 5;
    const rect = (kind, units, below) => {
      const made = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
      const height = (units / most) * 80;
      const shape = { class: kind, x, width: 4, height, y: 80 - height - (below / most) * 80 };
      for (const [name, value] of Object.entries(shape)) made.setAttribute(name, value);
      return made;
    };
    return [rect('read', read, 0), rect('write', write, read)];
  };
  $('#chart').replaceChildren(...bars.flatMap(bar));
}

/** Shows all events from now on, and those that the server remembers, and gives each to `hear`. */
export function follow(hear) {
  new EventSource('/_local/events').addEventListener('message', ({ data }) => {
    const event = JSON.parse(data);
    tell(event);
    draw();
    hear(event);
  });
}
