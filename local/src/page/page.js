// The page of the local server: phones, what happens, and what is stored. What people have typed is only ever set as
// text, never as markup.

import { contactsOf } from './contacts.js';

const DOLLARS_A_MILLION = { read: 0.125, write: 0.625 };
const PEOPLE = [['Alice', '+14155550100'], ['Bob', '+16505550123'], ['Carla', '+4915112345678'], ['Dev', '+919198123456']];
const SHOWN_EVENTS = 200;
const SHOWN_CONTACTS = 300;

const $ = (selector, within = document) => within.querySelector(selector);
const phones = [];

/** Makes an element of a text. */
function element(name, text = '', attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  return made;
}

/** A phone on the page: a person, their number, and their book. */
class Phone {
  constructor([name, number]) {
    this.udid = `page-${crypto.randomUUID()}`;
    this.view = $('#phone').content.cloneNode(true).firstElementChild;
    $('[name=name]', this.view).value = name;
    $('[name=number]', this.view).value = number;
    this.view.addEventListener('click', (event) => this.act(event.target.dataset.do));
    this.view.addEventListener('change', (event) => event.target.name && this.read());
    $('form', this.view).addEventListener('submit', (event) => {
      event.preventDefault();
      this.upload($('textarea', this.view).value);
    });
    for (const kind of ['dragover', 'dragleave', 'drop']) this.view.addEventListener(kind, (event) => this.drop(event));
    $('#phones').append(this.view);
    this.read();
  }

  /** The id of a local user is made of their name. */
  get user() {
    return $('[name=name]', this.view).value.trim().toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-') || 'nobody';
  }

  get token() {
    return `${encodeURIComponent(this.user)}:${$('[name=number]', this.view).value.replace(/[^+\d]/g, '')}`;
  }

  async call(method, path, body) {
    const headers = { 'CB-Token': this.token, ...(body && { 'Content-Type': 'application/json' }) };
    const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
    const answer = await response.json();
    if (!response.ok) this.say(Object.values(answer.errors ?? { base: ['It failed.'] }).flat().join(' '));
    return { ok: response.ok, answer };
  }

  say(text) {
    $('.answer', this.view).textContent = text;
  }

  /** Registers this phone for pushes. It may be repeated. */
  subscribe() {
    return this.call('POST', '/subscriptions', {
      notification_channel: 'gcm',
      push_token: { environment: 'production', client_identification_sequence: this.udid },
      device: { platform: 'android', udid: this.udid },
    });
  }

  async act(what) {
    const { profile } = this;
    const change = (field) => this.call('PUT', '/users', { user: { [field]: profile[field] ? 0 : 1 } });
    if (what === 'join') {
      await this.call('POST', '/users', { user: { full_name: $('[name=name]', this.view).value } });
      await this.subscribe();
    } else if (what === 'hide' && profile) await change('discoverable_by_phone');
    else if (what === 'mute' && profile) await change('notify_me');
    else if (what === 'leave') await this.call('DELETE', '/users');
    else return;
    await refresh();
  }

  async upload(text) {
    const contacts = contactsOf(text);
    if (contacts.length === 0) return this.say('There is no number in that.');
    await this.subscribe();
    const { ok, answer } = await this.call('POST', '/address_book', { contacts });
    if (ok) {
      const rejected = Object.keys(answer.rejected).length;
      this.say(`${answer.created} new, ${answer.updated} changed, ${rejected} rejected.`);
      $('textarea', this.view).value = '';
    }
    await this.read();
  }

  async drop(event) {
    event.preventDefault();
    this.view.classList.toggle('over', event.type === 'dragover');
    const file = event.type === 'drop' && event.dataTransfer.files[0];
    if (file) await this.upload(await file.text());
  }

  /** Reads the book and the profile, and shows them. */
  async read() {
    const headers = { 'CB-Token': this.token };
    const read = async (path) => (await fetch(path, { headers })).json();
    const [book, registered, found] = await Promise.all(
      ['/address_book', '/address_book/registered_users?compact=1', '/users/v2?limit=100'].map(read),
    );
    if (!Array.isArray(book)) return this.say('The number needs a plus and its country code.');
    const names = new Map((registered.items ?? []).map(({ user }) => [user.address_book_name, user.id]));
    this.profile = found.items?.find((user) => 'notify_me' in user);
    const { profile } = this;
    const choices = profile && [!profile.discoverable_by_phone && 'hidden', !profile.notify_me && 'muted'].filter(Boolean);
    $('.profile', this.view).textContent = profile ? ['A user, number', profile.id, ...choices].join(' ') : 'Not a user yet';
    $('[data-do=hide]', this.view).textContent = profile?.discoverable_by_phone === false ? 'Show' : 'Hide';
    $('[data-do=mute]', this.view).textContent = profile?.notify_me === false ? 'Unmute' : 'Mute';
    const rows = book.slice(0, SHOWN_CONTACTS).map(({ name, phone }) => {
      const row = element('tr');
      const id = names.get(name);
      row.append(element('td', name, { dir: 'auto' }), element('td', phone), element('td', id ? `yes, ${id}` : '', id ? { class: 'user' } : {}));
      return row;
    });
    $('tbody', this.view).replaceChildren(...rows);
    $('caption', this.view).textContent = `The book: ${book.length} contacts, ${names.size} of them users`;
  }

  show(push) {
    const banner = element('li', push.text, { dir: 'auto' });
    $('.banners', this.view).prepend(banner);
    while ($('.banners', this.view).childElementCount > 3) $('.banners', this.view).lastElementChild.remove();
  }
}

const refresh = () => Promise.all(phones.map((phone) => phone.read()));

// What happened.

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
    case 'request': return `${event.user ?? 'somebody'}: ${event.method} ${event.path} → ${event.status} in ${event.ms.toFixed(1)} ms`;
    case 'record': return `the stream of Users: ${event.change}`;
    case 'message': return `a message: ${event.function} ${event.is_done ? 'has done it' : 'will try again'}`;
    case 'push': return `a push to ${event.user_id}: ${event.text}`;
    default: return event.kind;
  }
}

function tell(event) {
  const units = unitsOf(event);
  totals.read += units.read;
  totals.write += units.write;
  const cost = units.read + units.write > 0 ? ` · ${units.read} read and ${units.write} write units, $${dollars(units).toFixed(3)} a million` : '';
  const item = element('li', `${new Date(event.at_ms).toLocaleTimeString()} ${describe(event)}${cost}`, { dir: 'auto' });
  item.title = (event.calls ?? []).map(({ operation, tables }) => `${operation} ${tables.join(', ')}`).join('\n');
  $('#timeline').prepend(item);
  if ($('#timeline').childElementCount > SHOWN_EVENTS) $('#timeline').lastElementChild.remove();
  $('#total').textContent = `${totals.read} read and ${totals.write} write units so far: $${dollars(totals).toFixed(2)} if a million people did the same.`;
  bars.push(units);
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

const opened = Date.now();
new EventSource('/_local/events').addEventListener('message', ({ data }) => {
  const event = JSON.parse(data);
  tell(event);
  draw();
  if (event.kind === 'push' && event.at_ms >= opened - 1000) {
    const receivers = phones.filter((phone) => phone.udid === event.device_udid);
    for (const phone of receivers) phone.show(event);
  }
  if (event.kind === 'message') refresh();
});

$('#read-tables').addEventListener('click', async () => {
  const tables = await (await fetch('/_local/tables')).json();
  const parts = Object.entries(tables).map(([name, items]) => {
    const part = element('details');
    part.append(element('summary', `${name}: ${items.length}`), element('pre', items.map((item) => JSON.stringify(item)).join('\n')));
    return part;
  });
  $('#tables').replaceChildren(...parts);
});

// The tour.

const STEPS = [
  ['Alice signs up, and her phone is registered for pushes.', ([alice]) => alice.act('join')],
  ['She uploads her contacts. Bob is among them, and isn’t a user yet.', ([alice]) => alice.upload('Bob from work,(650) 555-0123\nGordie Kann,1879108395')],
  ['Now Bob signs up. Watch Alice’s phone: the push has the name from her own book.', ([, bob]) => bob.act('join')],
  ['She sees that he is a user, and what all of it cost is told below. That is the tour; now try Hide, Mute and Leave.', () => refresh()],
];
let step = 0;

$('#tour').addEventListener('click', async () => {
  const guide = $('#guide');
  guide.hidden = false;
  $('#tour').disabled = true;
  const [text, act] = STEPS[step];
  guide.textContent = `${step + 1} of ${STEPS.length}: ${text}`;
  await act(phones);
  step = (step + 1) % STEPS.length;
  $('#tour').textContent = step === 0 ? 'Start the tour again' : 'Next';
  $('#tour').disabled = false;
});

const addPhone = () => phones.push(new Phone(PEOPLE[phones.length] ?? [`Person ${phones.length + 1}`, `+1415555${String(100 + phones.length).padStart(4, '0')}`]));
$('#add').addEventListener('click', addPhone);
addPhone();
addPhone();
