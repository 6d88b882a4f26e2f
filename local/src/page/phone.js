// Phones on the page: a person, their number and country, and their book.

import { contactsOf } from './contacts.js';
import { countries, nationalIn, numberIn } from './countries.js';
import { $, ask, element, sentences } from './element.js';

const SHOWN_CONTACTS = 300;

/** The phones on the page. */
export const phones = [];

/** A phone on the page: a person, their number, and their book. */
export class Phone {
  constructor([name, number]) {
    this.udid = `page-${crypto.randomUUID()}`;
    this.view = $('#phone').content.cloneNode(true).firstElementChild;
    $('[name=name]', this.view).value = name;
    $('[name=number]', this.view).value = number;
    $('[name=country]', this.view).append(...countries.map(([code, name]) => element('option', name, { value: code })));
    this.view.addEventListener('click', (event) => this.act(event.target.dataset.do));
    this.view.addEventListener('change', (event) => this.change(event.target));
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

  get number() {
    return $('[name=number]', this.view).value;
  }

  /** Another country brings a number of its own. */
  change({ name, value }) {
    if (name === 'country') {
      const others = phones.filter((phone) => phone !== this).map((phone) => phone.number);
      $('[name=number]', this.view).value = numberIn(value, others);
    }
    if (name) this.read();
  }

  async call(method, path, body) {
    const headers = { 'CB-Token': this.token, ...(body && { 'Content-Type': 'application/json' }) };
    try {
      const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
      const answer = await response.json();
      if (!response.ok) this.say(`${response.status}: ${sentences(answer)}`);
      return { ok: response.ok, answer };
    } catch {
      this.say('The answer never came.');
      return { ok: false };
    }
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
    const read = async (path) => {
      const { ok, answer } = await this.call('GET', path);
      if (!ok) throw new Error(path);
      return answer;
    };
    const paths = ['/address_book', '/address_book/registered_users?compact=1', '/users/v2?limit=100'];
    let parts;
    try {
      parts = await Promise.all([...paths.map(read), ask(`/_local/phone?${new URLSearchParams({ user: this.user, number: this.number })}`)]);
    } catch {
      return; // The phone says why.
    }
    const [book, registered, found, { region, numbers }] = parts;
    this.tellHome(region);
    this.profile = found.items.find((user) => 'notify_me' in user);
    this.tellProfile();
    const ids = new Map(registered.items.map(({ user }) => [user.phone, user.id]));
    const rows = book.slice(0, SHOWN_CONTACTS).map(({ name, phone }) => {
      const row = element('tr');
      const id = ids.get(numbers[phone]);
      row.append(element('td', name, { dir: 'auto' }), element('td', phone), element('td', id ? `yes, ${id}` : '', id ? { class: 'user' } : {}));
      return row;
    });
    $('tbody', this.view).replaceChildren(...rows);
    $('caption', this.view).textContent = `The book: ${book.length} contacts, ${ids.size} of them users`;
  }

  /** Shows in which country the server takes this phone to be at home. */
  tellHome(region) {
    const select = $('[name=country]', this.view);
    if (![...select.options].some(({ value }) => value === region)) select.append(element('option', region, { value: region }));
    select.value = region;
    const example = nationalIn(region);
    $('.home', this.view).textContent = example && `Numbers are read as written there, such as ${example}.`;
  }

  tellProfile() {
    const { profile } = this;
    const choices = profile && [!profile.discoverable_by_phone && 'hidden', !profile.notify_me && 'muted'].filter(Boolean);
    $('.profile', this.view).textContent = profile ? ['A user, number', profile.id, ...choices].join(' ') : 'Not a user yet';
    $('[data-do=hide]', this.view).textContent = profile?.discoverable_by_phone === false ? 'Show' : 'Hide';
    $('[data-do=mute]', this.view).textContent = profile?.notify_me === false ? 'Unmute' : 'Mute';
  }

  show(push) {
    const banner = element('li', push.text, { dir: 'auto' });
    $('.banners', this.view).prepend(banner);
    while ($('.banners', this.view).childElementCount > 3) $('.banners', this.view).lastElementChild.remove();
  }
}

export const refresh = () => Promise.all(phones.map((phone) => phone.read()));
