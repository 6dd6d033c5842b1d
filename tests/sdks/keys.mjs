// The judges of what is signed with private keys, or says so in a token; and of HTTP Message Signatures, which have no
// vendor: there it is others who have read the same RFC.
import { createHash, createPublicKey } from 'node:crypto';
import { createRequire } from 'node:module';
import { parse } from 'node:url';

import { body, claim, expect, header, member, method, url } from './forged.mjs';

const require = createRequire(`${process.env.SDKS}/package.json`);
const token = (r) => r.headers.authorization.split(' ')[1];
const sns = ['Message', 'MessageId', 'Timestamp', 'TopicArn', 'Type'].map(member);
const target = [url('?', '?x=1&'), url('/hooks', '/hook')];

// case, package, judge, and the changes that it has to see; a judge gives false or throws for what it refuses.
export const judges = [
  ['discord', 'discord-interactions', discord, [body('Grüße', 'Grüsse'), header('x-signature-timestamp')]],
  ['discord_events', 'discord-interactions', discord, [body('CREATE', 'DELETE'), header('x-signature-timestamp')]],
  ['sendgrid', '@sendgrid/eventwebhook', sendgrid, [
    body('grüße', 'grüsse'), body('\r\n', ''), header('x-twilio-email-event-webhook-timestamp'),
  ]],
  ['sendgrid_inbound', '@sendgrid/eventwebhook', sendgrid, [body('Grüße', 'Grüsse'), body('--\r\n', '--')]],
  ['google_pubsub', 'google-auth-library', google, [claim('iat'), claim('email'), expect('audience')]],
  ['google_oidc', 'google-auth-library', google, [claim('iat'), claim('email'), expect('audience')]],
  ['firebase_auth', 'firebase-admin', firebase, [
    claim('iat'), claim('event_type'), expect('audience'), expect('issuer'),
  ]],
  ['atlassian_connect', '@atlassian/atlassian-jwt', (r) => {
    const jwt = require('@atlassian/atlassian-jwt');
    const claims = jwt.decodeSymmetric(token(r), r.secret, jwt.SymmetricAlgorithm.HS256);
    return claims.qsh === jwt.createQueryStringHash(jwt.fromMethodAndUrl(r.method, r.url));
  }, [claim('iat'), method, ...target]],
  ['atlassian_connect', 'atlassian-connect-express', async (r) => {
    const { getVerifiedClaims } = require('atlassian-connect-express/lib/middleware/authentication');
    const { clientKey } = await getVerifiedClaims(addon(r), express(r), { setHeader: () => {} });
    return clientKey === r.expect.client_key;
  }, [claim('iat'), expect('client_key'), method, ...target]],
  ['atlassian_connect_install', 'atlassian-connect-express', (r) => {
    const { authenticateAsymmetric, authenticateInstall } = require('atlassian-connect-express/lib/middleware/verify-installation');
    return passes(authenticateInstall({ ...addon(r), authenticateAsymmetric: () => authenticateAsymmetric(addon(r)) }), r);
  }, [claim('iat'), expect('audience'), body('jira:1', 'jira:2'), method, ...target]],
  ['atlassian_forge', 'atlassian-connect-express', (r) => {
    const { authenticate } = require('atlassian-connect-express/lib/middleware/verify-forge-invocation-token');
    return passes(authenticate(addon(r)), r);
  }, [claim('iat'), expect('audience')]],
  ['aws_sns', 'sns-validator', snsValidator, [...sns, member('Subject')]],
  ['aws_sns', 'sns-payload-validator', snsPayload, [...sns, member('Subject')]],
  ['aws_sns_subscription', 'sns-validator', snsValidator, [...sns, member('Token'), member('SubscribeURL')]],
  ['aws_sns_subscription', 'sns-payload-validator', snsPayload, [...sns, member('Token'), member('SubscribeURL')]],
  // As Plaid's documentation says to; its own library leaves that to its users.
  ['plaid', 'jose', async (r) => {
    const { importJWK, jwtVerify } = await import(`${process.env.SDKS}/node_modules/jose/dist/webapi/index.js`);
    const key = await importJWK(JSON.parse(Object.values(r.keys)[0]));
    const options = { algorithms: ['ES256'], maxTokenAge: '5 min' };
    const { payload } = await jwtVerify(r.headers['plaid-verification'], key, options);
    return payload.request_body_sha256 === createHash('sha256').update(r.body).digest('hex');
  }, [claim('iat'), claim('request_body_sha256'), body('  ', ' ')]],
  ...['hmac-sha256', 'ed25519', 'ecdsa-p256-sha256', 'rsa-pss-sha512', 'rsa-v1_5-sha256'].map((algorithm) => [
    `rfc9421_${algorithm.replaceAll('-', '_')}`, 'http-message-signatures', async (r) => {
      const { createVerifier, httpbis } = require('http-message-signatures');
      const key = { algs: [algorithm], verify: createVerifier(r.public_key ?? r.secret, algorithm) };
      const config = { keyLookup: ({ keyid }) => (keyid === 'test' ? key : null), requiredParams: ['created'], maxAge: 300 };
      return await httpbis.verifyMessage(config, r) === true;
    }, [header('content-digest'), header('signature-input', /\d(?=;keyid)/), method, ...target],
  ]),
];

async function discord(r) {
  const { verifyKey } = require('discord-interactions');
  return verifyKey(r.body, r.headers['x-signature-ed25519'], r.headers['x-signature-timestamp'], r.public_key);
}

function sendgrid(r) {
  const { EventWebhook, EventWebhookHeader } = require('@sendgrid/eventwebhook');
  const webhook = new EventWebhook();
  const [signature, timestamp] = [EventWebhookHeader.SIGNATURE(), EventWebhookHeader.TIMESTAMP()]
    .map((name) => r.headers[name.toLowerCase()]);
  return webhook.verifySignature(webhook.convertPublicKeyToECDSA(r.public_key), r.body, signature, timestamp);
}

async function google(r) {
  const { OAuth2Client } = require('google-auth-library');
  const pem = (jwk) => createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  const certs = Object.fromEntries(JSON.parse(Object.values(r.keys)[0]).keys.map((jwk) => [jwk.kid, pem(jwk)]));
  const issuers = ['https://accounts.google.com', 'accounts.google.com'];
  const ticket = await new OAuth2Client().verifySignedJwtWithCertsAsync(token(r), certs, r.expect.audience, issuers);
  const { email, email_verified } = ticket.getPayload();
  return email_verified === true && email === r.expect.service_account_email;
}

// What Firebase's library for functions calls.
async function firebase(r) {
  const { deleteApp, initializeApp } = require('firebase-admin/app');
  const { getAuth } = require('firebase-admin/auth');
  const app = initializeApp({ projectId: r.expect.issuer.replace('https://securetoken.google.com/', '') }, 'judge');
  try {
    const { event_id } = await getAuth(app)._verifyAuthBlockingToken(JSON.parse(r.body).data.jwt, r.expect.audience);
    return event_id !== undefined;
  } finally {
    await deleteApp(app);
  }
}

function snsValidator(r) {
  const Validator = require('sns-validator');
  return new Promise((taken, refused) => {
    new Validator().validate(r.body, (error) => (error ? refused(error) : taken(true)));
  });
}

async function snsPayload(r) {
  const Validator = require('sns-payload-validator');
  return await new Validator({ useCache: false }).validate(r.body) !== undefined;
}

// What the middlewares of Atlassian's framework ask of an app, and of its only installation.
function addon(r) {
  const quiet = () => {};
  return {
    key: 'app',
    descriptor: { baseUrl: r.expect.audience },
    config: {
      allowedBaseUrls: () => [], appId: () => r.expect.audience, baseUrl: new URL('https://example.com'),
      expressErrorHandling: () => true, hostScriptUrl: quiet, localBaseUrl: quiet, maxTokenAge: () => 60_000,
      product: () => ({}),
    },
    forgeAppTokenCache: { setForgeAppToken: quiet },
    logger: { error: quiet, warn: quiet },
    settings: {
      get: async (_, clientKey) => (clientKey === r.expect.client_key ? { sharedSecret: r.secret } : undefined),
    },
  };
}

function express(r) {
  const { path, query } = parse(r.url, true);
  return {
    body: JSON.parse(r.body), context: {}, header: (name) => r.headers[name.toLowerCase()], headers: r.headers,
    method: r.method, originalUrl: path, query,
  };
}

function passes(middleware, r) {
  return new Promise((taken, refused) => {
    middleware(express(r), {}, (error) => (error ? refused(new Error(error.message)) : taken(true)));
  });
}
