// Tests the push when a contact joins, with the ConnectyCube SDK for the apps, and the local inbox
// for the devices.

import assert from 'node:assert/strict';
import test from 'node:test';
import { newcomer, signUp } from './connectycube.mjs';
import { apns, gcm } from './devices.mjs';
import { digits, eventually, pushesFor } from './local-server.mjs';

/** Returns the push to `device` of `person` about `user`, with `phone` and the `name` in the book. */
const push = (person, device, user, phone, name) => ({
  user_id: person.id,
  device_udid: device,
  text: `${name} is here now. Say hello!`,
  data: { id: user.id, phone: digits(phone) },
});

/** Sorts pushes, since no order among devices is promised. */
const sorted = (pushes) => [...pushes].sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
const inbox = async (person) => sorted(await pushesFor(person));

/** Makes a user with these subscriptions. */
async function subscriber(...subscriptions) {
  const person = newcomer();
  for (const body of subscriptions) await person.sdk.pushnotifications.subscriptions.create(body);
  return person;
}

test('a user who has a number in the book gets a push when its holder joins', async () => {
  const [alice, bob] = [await subscriber(apns('BFE36393-0002')), newcomer('+16505550140')];
  await alice.sdk.addressbook.uploadAddressBook([{ name: 'Bob', phone: '+1 (650) 555-0140' }]);
  assert.deepEqual(await inbox(alice), []);
  const user = await signUp(bob, { full_name: 'Robert' });
  await eventually(() => inbox(alice), [push(alice, 'BFE36393-0002', user, bob.phone, 'Bob')]);
});

test("the push has the name of the recipient's book, whatever it holds", async () => {
  const bob = newcomer('+16505550141');
  const names = ['100% %s', 'Zoë 🦊', 'שלום', 'two\nlines "quoted" \\'];
  const people = [];
  for (const name of names) {
    const person = await subscriber(gcm('phone'));
    await person.sdk.addressbook.uploadAddressBook([{ name, phone: bob.phone }]);
    people.push(person);
  }
  const user = await signUp(bob, { full_name: 'Robert' });
  for (const [index, person] of people.entries()) {
    await eventually(() => inbox(person), [push(person, 'phone', user, bob.phone, names[index])]);
  }
});

test('a joiner is one push on each device that has them in a book, and none on others', async () => {
  const voip = (udid) => ({ ...apns(udid), notification_channel: 'apns_voip' });
  const alice = await subscriber(apns('phone'), voip('phone'), gcm('tablet'), voip('watch'));
  const [both, one, last] = ['+16505550142', '+16505550143', '+16505550144'].map(newcomer);
  const { addressbook } = alice.sdk;
  await addressbook.uploadAddressBook([{ name: 'Both', phone: both.phone }, { name: 'Last', phone: last.phone }]);
  await addressbook.uploadAddressBook(
    [{ name: 'Both', phone: both.phone }, { name: 'One', phone: one.phone }],
    { udid: 'tablet' },
  );
  const expected = [];
  const join = async (person, name, ...devices) => {
    const user = await signUp(person);
    expected.push(...devices.map((device) => push(alice, device, user, person.phone, name)));
    await eventually(() => inbox(alice), sorted(expected));
  };
  await join(both, 'Both', 'phone', 'tablet');
  await join(one, 'One', 'tablet');
  // An extra push to one of the first two would have come before these.
  await join(last, 'Last', 'phone', 'tablet');
});

test('nobody is told of users who were there already, or who only changed their profile', async () => {
  const [bob, carol] = ['+16505550145', '+16505550146'].map(newcomer);
  const [early, late] = [await subscriber(apns('phone')), await subscriber(apns('phone'))];
  await early.sdk.addressbook.uploadAddressBook([{ name: 'Bob', phone: bob.phone }]);
  const there = await signUp(bob);
  await eventually(() => inbox(early), [push(early, 'phone', there, bob.phone, 'Bob')]);

  const contacts = [{ name: 'Bob', phone: bob.phone }, { name: 'Carol', phone: carol.phone }];
  await late.sdk.addressbook.uploadAddressBook(contacts);
  await bob.sdk.users.update({ full_name: 'Robert' });
  await signUp(bob, { full_name: 'Bobby' });
  const joiner = await signUp(carol);
  await eventually(() => inbox(late), [push(late, 'phone', joiner, carol.phone, 'Carol')]);
  assert.deepEqual(await inbox(early), [push(early, 'phone', there, bob.phone, 'Bob')]);
});

test('a device that unsubscribed gets no push', async () => {
  const [alice, bob] = [await subscriber(gcm('tablet')), newcomer('+16505550147')];
  const { subscriptions } = alice.sdk.pushnotifications;
  const [created] = await subscriptions.create(apns('phone'));
  await alice.sdk.addressbook.uploadAddressBook([{ name: 'Bob', phone: bob.phone }]);
  await subscriptions.delete(created.subscription.id);
  const user = await signUp(bob);
  await eventually(() => inbox(alice), [push(alice, 'tablet', user, bob.phone, 'Bob')]);
});
