// Tests that a token is refused if anything about it is wrong. npm `jose` makes them, each with the issuer's own key
// and all claims, but for the one thing that its row names.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import test from 'node:test';
import * as jose from 'jose';
import { AUDIENCES } from './issuer.mjs';
import { listen } from './listen.mjs';
import { REFUSED, issuer, newPerson, origin } from './signing-in.mjs';

const HOUR_SECONDS = 3600;
const now = Math.floor(Date.now() / 1000);

const keyOf = (jwk, alg = jwk.alg) => jose.importJWK({ ...jwk, alg }, alg);
const { RS256, ES256 } = issuer.keys;
const signing = { RS256: await keyOf(RS256), ES256: await keyOf(ES256) };
const publicJwk = ({ kty, n, e, alg, kid }) => ({ kty, n, e, alg, kid });
const publicPem = await jose.exportSPKI(await keyOf(publicJwk(RS256)));

const attacker = await jose.generateKeyPair('RS256', { extractable: true });
const attackersJwk = { ...(await jose.exportJWK(attacker.publicKey)), alg: 'RS256', kid: RS256.kid };

/** A server that publishes the attacker's key, and counts who asks for it. */
let asked = 0;
const attackersServer = createServer((_, response) => {
  asked += 1;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ keys: [attackersJwk] }));
});
const attackersKeys = `http://${await listen(attackersServer)}/keys`;

/** Returns everything that a token has to say. `undefined` in `changes` leaves a claim out. */
const claims = (changes = {}) => ({
  iss: issuer.url,
  aud: AUDIENCES.RS256,
  iat: now,
  exp: now + HOUR_SECONDS,
  ...newPerson(),
  ...changes,
});

const header = (changes = {}) => ({ alg: 'RS256', kid: RS256.kid, typ: 'JWT', ...changes });

/** Signs any claims with any header, without asking whether they make sense. */
const sign = (payload, protectedHeader, key = signing.RS256, options = {}) =>
  new jose.CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader(protectedHeader)
    .sign(key, options);

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A good token, with one of its three parts changed after it was signed. */
async function altered(part, change) {
  const parts = (await sign(claims(), header())).split('.');
  parts[part] = change(parts[part]);
  return parts.join('.');
}

const GOOD = {
  'RS256': () => sign(claims(), header()),
  'ES256': () => sign(claims({ aud: AUDIENCES.ES256 }), header({ alg: 'ES256', kid: ES256.kid }), signing.ES256),
  'without a type': () => sign(claims(), header({ typ: undefined })),
  'for two audiences, one of which fits': () => sign(claims({ aud: ['another app', AUDIENCES.RS256] }), header()),
  'of the kind `id`': () => sign(claims({ token_use: 'id' }), header()),
};

const FORGED = {
  'unsigned': () => new jose.UnsecuredJWT(claims()).encode(),
  'unsigned, with the name of a key': () => `${base64url(header({ alg: 'none' }))}.${base64url(claims())}.`,
  'unsigned in other letters': () => `${base64url(header({ alg: 'nOnE' }))}.${base64url(claims())}.`,
  'HMAC with the public key as PEM': () =>
    sign(claims(), header({ alg: 'HS256' }), new TextEncoder().encode(publicPem)),
  'HMAC with the public modulus': () =>
    sign(claims(), header({ alg: 'HS256' }), Buffer.from(RS256.n, 'base64url')),
  'of another issuer': () => sign(claims({ iss: 'https://issuer.example' }), header()),
  'of an issuer with one slash more': () => sign(claims({ iss: `${issuer.url}/` }), header()),
  'without an issuer': () => sign(claims({ iss: undefined }), header()),
  'for another audience': () => sign(claims({ aud: 'another app' }), header()),
  'for two audiences of which none fits': () => sign(claims({ aud: ['another app', 'a third'] }), header()),
  'for no audience': () => sign(claims({ aud: undefined }), header()),
  'expired': () => sign(claims({ iat: now - 2 * HOUR_SECONDS, exp: now - HOUR_SECONDS }), header()),
  'not yet valid': () => sign(claims({ nbf: now + HOUR_SECONDS }), header()),
  'made in the future': () => sign(claims({ iat: now + HOUR_SECONDS, exp: now + 2 * HOUR_SECONDS }), header()),
  'without the time at which it was made': () => sign(claims({ iat: undefined }), header()),
  'without an end': () => sign(claims({ exp: undefined }), header()),
  'with an end that is a text': () => sign(claims({ exp: String(now + HOUR_SECONDS) }), header()),
  'without a subject': () => sign(claims({ sub: undefined }), header()),
  'with an empty subject': () => sign(claims({ sub: '' }), header()),
  'with an unknown key': () => sign(claims(), header({ kid: 'unknown' })),
  "with another key under the issuer's name": () => sign(claims(), header(), attacker.privateKey),
  "with the name of the issuer's other key": () => sign(claims(), header({ kid: ES256.kid })),
  "with the attacker's key in its header": () => sign(claims(), header({ jwk: attackersJwk }), attacker.privateKey),
  "with the attacker's key in its header alone": () =>
    sign(claims(), header({ jwk: attackersJwk, kid: undefined }), attacker.privateKey),
  "with the address of the attacker's keys": () => sign(claims(), header({ jku: attackersKeys }), attacker.privateKey),
  "with the address of the attacker's certificate": () =>
    sign(claims(), header({ x5u: attackersKeys }), attacker.privateKey),
  'with a critical extension': () =>
    sign(claims(), header({ crit: ['urn:example:extension'], 'urn:example:extension': 1 }), signing.RS256, {
      crit: { 'urn:example:extension': true },
    }),
  'RS384': async () => sign(claims(), header({ alg: 'RS384' }), await keyOf(RS256, 'RS384')),
  'PS256': async () => sign(claims(), header({ alg: 'PS256' }), await keyOf(RS256, 'PS256')),
  'an access token by its type': () => sign(claims(), header({ typ: 'at+jwt' })),
  'an access token by the full name of its type': () => sign(claims(), header({ typ: 'application/at+jwt' })),
  'an access token by its use': () => sign(claims({ token_use: 'access' }), header()),
  'with a signature that was cut': () => altered(2, (signature) => signature.slice(0, -4)),
  'with an empty signature': () => altered(2, () => ''),
  'with other claims than were signed': () => altered(1, () => base64url(claims({ sub: 'somebody else' }))),
  'with another header than was signed': () => altered(0, () => base64url(header({ typ: 'jwt' }))),
  'without a signature at all': async () => (await sign(claims(), header())).split('.').slice(0, 2).join('.'),
  'encrypted': async () =>
    new jose.EncryptJWT(claims())
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A128GCM', kid: RS256.kid })
      .encrypt(await keyOf(publicJwk(RS256), 'RSA-OAEP-256')),
  'no token': () => 'alice:+16505550160',
};

/** The ways in which a token can be handed in. */
const ROADS = {
  'firebase_phone with a project': (access_token) => ({
    provider: 'firebase_phone',
    firebase_phone: { project_id: AUDIENCES.RS256, access_token },
  }),
  'firebase_email without a project': (access_token) => ({
    provider: 'firebase_email',
    firebase_email: { access_token },
  }),
  'keys': (token) => ({ provider: 'firebase_phone', keys: { token } }),
};

async function post(path, body, token) {
  const response = await fetch(new URL(path, origin), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { 'cb-token': token }) },
    body: JSON.stringify(body),
  });
  return [response.status, await response.json()];
}

const newApplicationSession = async () => (await post('/session', { application_id: 1 }))[1].session.token;

for (const [name, make] of Object.entries(GOOD)) {
  test(`a token signs in: ${name}`, async () => {
    const [status] = await post('/session', ROADS.keys(await make()));
    assert.equal(status, 201);
    const [loggedIn] = await post('/login', ROADS.keys(await make()), await newApplicationSession());
    assert.equal(loggedIn, 202);
  });
}

for (const [name, make] of Object.entries(FORGED)) {
  test(`a token is refused: ${name}`, async () => {
    for (const [road, credentials] of Object.entries(ROADS)) {
      assert.deepEqual(await post('/session', credentials(await make())), [401, REFUSED], `/session, ${road}`);
      const application = await newApplicationSession();
      const login = await post('/login', credentials(await make()), application);
      assert.deepEqual(login, [401, REFUSED], `/login, ${road}`);
    }
  });
}

test('a token for an audience of its issuer is refused for another project', async () => {
  const token = await GOOD.ES256();
  const signIn = (project_id) => ({ provider: 'firebase_phone', firebase_phone: { project_id, access_token: token } });
  assert.equal((await post('/session', signIn(AUDIENCES.ES256)))[0], 201);
  for (const project of [AUDIENCES.RS256, 'another app']) {
    assert.deepEqual(await post('/session', signIn(project)), [401, REFUSED], project);
  }
});

test('nobody asked the attacker for keys', () => assert.equal(asked, 0));
