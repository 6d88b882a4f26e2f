// Clients of the ConnectyCube SDK, as an app makes them.

import assert from 'node:assert/strict';
import ConnectyCube from 'connectycube';
import { newUser, server } from './local-server.mjs';

/** Every field of a full profile. */
const NOBODY = {
  full_name: null,
  login: null,
  email: null,
  phone: null,
  website: null,
  avatar: null,
  custom_data: null,
  user_tags: null,
  facebook_id: null,
  twitter_id: null,
  external_id: null,
  external_user_id: null,
  blob_id: null,
  timezone: null,
  last_request_at: null,
};

/** The fields that only the users themselves see. */
const CHOICES = { discoverable_by_phone: true, announce_me: true, notify_me: true };

/** Makes an SDK. The SDK keeps one configuration per process, so the tests of a file run in turn. */
export function connect(credentials, on = { sessionExpired: undefined }, api_url = server.origin) {
  const sdk = new ConnectyCube.ConnectyCube();
  sdk.init({ appId: 1, ...credentials }, { endpoints: { api_url }, debug: { mode: 0 }, on });
  return sdk;
}

/** Makes a new user with an SDK. Their token proves `phone`. */
export function newcomer(phone) {
  const user = newUser(phone);
  return { ...user, phone, sdk: connect({ token: user.token }) };
}

/** Signs `person` up, and tells the SDK who they are, as an app has to. */
export async function signUp(person, fields = {}) {
  const { user } = await person.sdk.users.signup(fields);
  person.sdk.service.setCurrentUserId(user.id);
  return user;
}

/** Returns a full profile with these fields, and with the times that the server gave to `actual`. */
export function profile(fields, actual) {
  const { id, created_at, updated_at } = actual;
  assert.ok(Number.isInteger(id) && id > 0 && id < 2 ** 31, `id ${id}`);
  for (const time of [created_at, updated_at]) {
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000, `${time} is now`);
  }
  return { ...NOBODY, id, created_at, updated_at, ...fields };
}

/** Returns the same profile as the user themself gets it. */
export const ownProfile = (fields, actual) => ({ ...profile(fields, actual), ...CHOICES });
