// An OpenID provider on this machine (npm `oidc-provider`), and people who sign in with it.

import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';
import { listen } from './listen.mjs';

const REDIRECT_URI = 'https://app.example.com/signed-in';
const SCOPES = 'openid phone';

/** The clients, and so the audiences, by the algorithm of their ID tokens. */
export const AUDIENCES = { RS256: 'demo-rsa', ES256: 'demo-ec' };

/**
 * Starts an issuer for as long as the process lives. Returns its `url`, its private `keys` by algorithm, and
 * `idToken(claims, algorithm)`, which signs the person of these claims in and returns the ID token.
 */
export async function startIssuer() {
  const keys = { RS256: await signingKey('RS256'), ES256: await signingKey('ES256') };
  const people = new Map();
  const server = createServer().on('connection', (socket) => socket.unref());
  const url = `http://${await listen(server)}`;
  const provider = new Provider(url, configuration(keys, people));
  server.on('request', (request, response) =>
    request.url.startsWith('/interaction/')
      ? signInAtOnce(provider, request, response)
      : provider.callback()(request, response),
  );
  const idToken = (claims, algorithm = 'RS256') => {
    people.set(claims.sub, claims);
    return signIn(url, claims.sub, AUDIENCES[algorithm]);
  };
  return { url, keys, idToken };
}

/** Makes a private key as a JWK, with the name under which the issuer publishes its public half. */
async function signingKey(alg) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg, kid: `${alg}-${randomBytes(4).toString('hex')}`, use: 'sig' };
}

function configuration(keys, people) {
  return {
    clients: Object.entries(AUDIENCES).map(([algorithm, client_id]) => ({
      client_id,
      id_token_signed_response_alg: algorithm,
      redirect_uris: [REDIRECT_URI],
      token_endpoint_auth_method: 'none',
    })),
    jwks: { keys: Object.values(keys) },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    claims: { openid: ['sub', 'chat_id'], phone: ['phone_number', 'phone_number_verified'] },
    conformIdTokenClaims: false, // As Firebase and Cognito do: the ID token itself has the phone.
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    findAccount: (_, accountId) => ({ accountId, claims: () => people.get(accountId) }),
    loadExistingGrant: consent,
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 60, Session: 600 },
  };
}

/** The person at the login page is whom the app names. */
async function signInAtOnce(provider, request, response) {
  const { params } = await provider.interactionDetails(request, response);
  await provider.interactionFinished(request, response, { login: { accountId: params.login_hint } });
}

async function consent({ oidc }) {
  const { client, provider, session } = oidc;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope(SCOPES);
  await grant.save();
  return grant;
}

/** Goes through the authorization code flow as an app and its browser do. Returns the ID token. */
async function signIn(url, person, client_id) {
  const verifier = randomBytes(32).toString('base64url');
  const request = {
    client_id,
    response_type: 'code',
    scope: SCOPES,
    redirect_uri: REDIRECT_URI,
    login_hint: person,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  };
  const code = await authorize(new URL(`/auth?${new URLSearchParams(request)}`, url));
  const response = await fetch(new URL('/token', url), {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id,
      code,
      redirect_uri: REDIRECT_URI,
      code_verifier: verifier,
    }),
  });
  const { id_token } = await response.json();
  return id_token;
}

/** Follows redirects with cookies until they lead to the app. Returns the code that the app gets. */
async function authorize(start) {
  const cookies = new Map();
  let at = start;
  while (!at.href.startsWith(REDIRECT_URI)) {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(at, { redirect: 'manual', headers: { cookie } });
    for (const set of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set);
      cookies.set(name, value);
    }
    at = new URL(response.headers.get('location'), at);
  }
  return at.searchParams.get('code');
}
