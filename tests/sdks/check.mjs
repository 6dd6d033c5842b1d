// What this crate signs, judged by the vendors' own SDKs for Node. Each must take the request as it is, and refuse it
// once its body, or whatever else it signs, was changed, and if somebody else has signed it.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// Before any SDK is loaded.
import { serve } from './served.mjs';
import { judges as others } from './keys.mjs';

// SDKs tell of what they refuse; it is told here once.
console.warn = console.error = () => {};

const require = createRequire(`${process.env.SDKS}/package.json`);
const version = (name) => JSON.parse(readFileSync(`${process.env.SDKS}/node_modules/${name}/package.json`)).version;
const form = (body) => Object.fromEntries(new URLSearchParams(body));
const { Buffer } = globalThis;

// case: [package, judge] of what is signed with a secret; a judge gives false or throws for what it refuses.
const secrets = {
  stripe: ['stripe', (r) => {
    const Stripe = require('stripe');
    return new (Stripe.default ?? Stripe)('sk_test_x').webhooks.constructEvent(r.body, r.headers['stripe-signature'], r.secret);
  }],
  standard_webhooks: ['standardwebhooks', (r) => new (require('standardwebhooks').Webhook)(r.secret).verify(r.body, r.headers)],
  svix: ['svix', (r) => new (require('svix').Webhook)(r.secret).verify(r.body, r.headers)],
  resend: ['resend', (r) => {
    const { 'svix-id': id, 'svix-timestamp': timestamp, 'svix-signature': signature } = r.headers;
    const resend = new (require('resend').Resend)('re_x');
    return resend.webhooks.verify({ payload: r.body, headers: { id, timestamp, signature }, webhookSecret: r.secret });
  }],
  replicate: ['replicate', (r) => {
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = r.headers;
    return require('replicate').validateWebhook({ id, timestamp, signature, body: r.body, secret: r.secret });
  }],
  openai: ['openai', async (r) => {
    const OpenAI = require('openai');
    await new OpenAI({ apiKey: 'sk-x' }).webhooks.verifySignature(r.body, r.headers, r.secret);
    return true;
  }],
  github: ['@octokit/webhooks-methods', async (r) => {
    const { verify } = await import(`${process.env.SDKS}/node_modules/@octokit/webhooks-methods/dist-node/index.js`);
    return verify(r.secret, r.body, r.headers['x-hub-signature-256']);
  }],
  shopify: ['@shopify/shopify-api', async (r) => {
    require('@shopify/shopify-api/adapters/node');
    const { shopifyApi, ApiVersion } = require('@shopify/shopify-api');
    const shopify = shopifyApi({
      apiKey: 'key', apiSecretKey: r.secret, scopes: [], hostName: 'example.com', isEmbeddedApp: false,
      apiVersion: Object.values(ApiVersion)[0], logger: { log: () => {} },
    });
    const rawRequest = { method: 'POST', url: '/', headers: r.headers };
    const seen = await shopify.webhooks.validate({ rawBody: r.body, rawRequest, rawResponse: {} });
    if (!seen.valid) throw new Error(JSON.stringify(seen));
    return true;
  }],
  slack: ['@slack/bolt', (r) => slack(r)],
  slack_form: ['@slack/bolt', (r) => slack(r)],
  twilio: ['twilio', (r) => require('twilio').validateRequest(r.secret, r.headers['x-twilio-signature'], r.url, form(r.body))],
  twilio_json: ['twilio', (r) => require('twilio').validateRequestWithBody(r.secret, r.headers['x-twilio-signature'], r.url, r.body)],
  square: ['square', (r) => require('square').WebhooksHelper.verifySignature({
    requestBody: r.body, signatureHeader: r.headers['x-square-hmacsha256-signature'], signatureKey: r.secret, notificationUrl: r.url,
  })],
  cloudinary: ['cloudinary', (r) => cloudinary(r, 'sha256')],
  cloudinary_sha1: ['cloudinary', (r) => cloudinary(r, 'sha1')],
  mercado_pago: ['mercadopago', (r) => {
    const { WebhookSignatureValidator: Validator } = require('mercadopago/dist/utils/webhook');
    Validator.validate({
      xSignature: r.headers['x-signature'], xRequestId: r.headers['x-request-id'],
      dataId: new URL(r.url).searchParams.get('data.id'), secret: r.secret,
    });
    return true;
  }],
  razorpay: ['razorpay', (r) => require('razorpay').validateWebhookSignature(r.body, r.headers['x-razorpay-signature'], r.secret)],
  line: ['@line/bot-sdk', (r) => require('@line/bot-sdk').validateSignature(r.body, r.secret, r.headers['x-line-signature'])],
  paddle: ['@paddle/paddle-node-sdk', async (r) => {
    const { Paddle } = require('@paddle/paddle-node-sdk');
    return new Paddle('key').webhooks.isSignatureValid(r.body, r.secret, r.headers['paddle-signature']);
  }],
  workos: ['@workos-inc/node', (r) => {
    const { WorkOS } = require('@workos-inc/node');
    const webhooks = new WorkOS('sk_x').webhooks;
    return webhooks.verifyHeader({ payload: JSON.parse(r.body), sigHeader: r.headers['workos-signature'], secret: r.secret });
  }],
  linear: ['@linear/sdk', async (r) => {
    const { LinearWebhookClient } = await import(`${process.env.SDKS}/node_modules/@linear/sdk/dist/webhooks/index.mjs`);
    const { webhookTimestamp } = JSON.parse(r.body);
    return new LinearWebhookClient(r.secret).verify(Buffer.from(r.body), r.headers['linear-signature'], webhookTimestamp);
  }],
  mux: ['@mux/mux-node', async (r) => {
    const Mux = require('@mux/mux-node');
    const mux = new Mux({ tokenId: 'x', tokenSecret: 'y' });
    await mux.webhooks.verifySignature(r.body, r.headers, r.secret);
    return true;
  }],
  braintree: ['braintree', (r) => {
    const braintree = require('braintree');
    const gateway = new braintree.BraintreeGateway({
      environment: braintree.Environment.Sandbox, merchantId: 'm', publicKey: r.public_key, privateKey: r.secret,
    });
    const { bt_signature, bt_payload } = form(r.body);
    return gateway.webhookNotification.parse(bt_signature, bt_payload);
  }],
  hubspot: ['@hubspot/api-client', (r) => hubspot(r, 'v3', {
    signature: r.headers['x-hubspot-signature-v3'], timestamp: Number(r.headers['x-hubspot-request-timestamp']),
  })],
  hubspot_v2: ['@hubspot/api-client', (r) => hubspot(r, 'v2', { signature: r.headers['x-hubspot-signature'] })],
  hubspot_v1: ['@hubspot/api-client', (r) => hubspot(r, 'v1', { signature: r.headers['x-hubspot-signature'] })],
  adyen: ['@adyen/api-library', (r) => {
    const [item] = JSON.parse(r.body).notificationItems;
    const { hmacValidator: Validator } = require('@adyen/api-library');
    return new Validator().validateHMAC(item.NotificationRequestItem, r.secret);
  }],
  adyen_platform: ['@adyen/api-library', (r) => {
    const { hmacValidator: Validator } = require('@adyen/api-library');
    return new Validator().validateHMACSignature(r.secret, r.headers.hmacsignature, r.body);
  }],
  contentful: ['@contentful/node-apps-toolkit', (r) => {
    const { verifyRequest } = require('@contentful/node-apps-toolkit');
    const { pathname, search } = new URL(r.url);
    return verifyRequest(r.secret, { method: r.method, path: pathname + search, headers: r.headers, body: r.body });
  }],
  sanity: ['@sanity/webhook', async (r) => {
    const { isValidSignature } = await import(`${process.env.SDKS}/node_modules/@sanity/webhook/dist/index.js`);
    return isValidSignature(r.body, r.headers['sanity-webhook-signature'], r.secret);
  }],
  dropbox_sign: ['@dropbox/sign', (r) => {
    const { EventCallbackHelper, EventCallbackRequest } = require('@dropbox/sign');
    return EventCallbackHelper.isValid(r.secret, EventCallbackRequest.init(JSON.parse(r.body)));
  }],
  box: ['box-node-sdk', (r) => require('box-node-sdk/lib/managers/webhooks').WebhooksManager.validateMessage(r.body, r.headers, r.secret)],
  gocardless: ['gocardless-nodejs', (r) => require('gocardless-nodejs/webhooks').parse(r.body, r.secret, r.headers['webhook-signature'])],
  coinbase_commerce: ['coinbase-commerce-node', (r) =>
    require('coinbase-commerce-node').Webhook.verifyEventBody(r.body, r.headers['x-cc-webhook-signature'], r.secret)],
  onfido: ['@onfido/api', (r) => new (require('@onfido/api').WebhookEventVerifier)(r.secret).readPayload(r.body, r.headers['x-sha2-signature'])],
};

function slack(r) {
  const { verifySlackRequest } = require(`${process.env.SDKS}/node_modules/@slack/bolt/dist/receivers/verify-request.js`);
  verifySlackRequest({
    signingSecret: r.secret, body: r.body,
    headers: {
      'x-slack-signature': r.headers['x-slack-signature'],
      'x-slack-request-timestamp': Number(r.headers['x-slack-request-timestamp']),
    },
  });
  return true;
}

function cloudinary(r, algorithm) {
  const { v2 } = require('cloudinary');
  v2.config({ api_secret: r.secret, signature_algorithm: algorithm });
  return v2.utils.verifyNotificationSignature(r.body, Number(r.headers['x-cld-timestamp']), r.headers['x-cld-signature']);
}

function hubspot(r, signatureVersion, more) {
  const { Signature } = require('@hubspot/api-client');
  return Signature.isValid({
    clientSecret: r.secret, requestBody: r.body, signatureVersion, url: r.url, method: r.method, ...more,
  });
}

// One character that every scheme here covers.
function changed(r) {
  // Its body is not signed.
  if (r.case === 'mercado_pago') return { ...r, url: r.url.replace('data.id=1', 'data.id=2') };
  const body = {
    adyen: (b) => b.replace('"value":1000', '"value":1001'),
    braintree: (b) => b.replace('bt_payload=P', 'bt_payload=Q'),
    dropbox_sign: (b) => b.replace('"1700000000"', '"1700000001"'),
  }[r.case] ?? ((b) => b.replace(/[a-z0-9](?=["&]|$)/, (c) => (c === 'a' ? 'b' : 'a')));
  const made = { ...r, body: body(r.body) };
  if (made.body === r.body) throw new Error(`${r.case}: nothing was changed`);
  return made;
}

async function taken(judge, request) {
  try {
    serve(request);
    const said = await judge(request);
    return { taken: said !== false, why: String(said) };
  } catch (error) {
    return { taken: false, why: error.message ?? String(error) };
  }
}

function sign(wanted) {
  const request = JSON.parse(execFileSync(process.env.SIGN, { input: JSON.stringify(wanted), encoding: 'utf8' }));
  return { ...request, headers: Object.fromEntries(request.headers) };
}

// The same by another secret, for a judge who knows the right one, or the public key that goes with it.
function foreign(wanted, { secret, public_key, keys, root }) {
  const shown = (of) => JSON.stringify([of.public_key, of.keys]);
  const hasKeys = wanted.public_key === undefined && shown({ public_key, keys }) !== '[null,{}]';
  for (let n = 0; ; n++) {
    const text = hasKeys ? `${secret} ${n}` : secret.replace(/\d|[a-z]$/, (c) => (c === '1' ? '2' : '1'));
    const made = sign({ ...wanted, secret: text });
    if (made.secret === secret) throw new Error(`${wanted.case}: the secret was not changed`);
    // Of RSA keys there are two, and another text may well be the same one.
    if (!hasKeys || shown(made) !== shown({ public_key, keys })) return { ...made, secret, public_key, keys, root };
  }
}

async function verdict(judge, wanted, changes) {
  // An SDK is loaded first: some take nothing that is older than five seconds.
  await taken(judge, sign(wanted));
  const request = sign(wanted);
  const genuine = await taken(judge, request);
  if (!genuine.taken) return `REFUSED: ${genuine.why}`;
  for (const [n, change] of changes.entries()) {
    if ((await taken(judge, change(request))).taken) return `TAKES WHAT WAS CHANGED (${n})`;
  }
  return (await taken(judge, foreign(wanted, request))).taken ? 'TAKES ANOTHER\'S SIGNATURE' : 'accepted';
}

const all = [...Object.entries(secrets).map(([name, [from, judge]]) => [name, from, judge, [changed]]), ...others];
const requests = readFileSync(0, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
let [passed, failed] = [0, 0];
for (const [name, from, judge, changes] of all) {
  const wanted = requests.find((request) => request.case === name);
  const found = wanted ? await verdict(judge, wanted, changes) : 'THERE IS NO SUCH REQUEST';
  found === 'accepted' ? passed++ : failed++;
  console.log(`${name.padEnd(26)} npm ${`${from} ${version(from)}`.padEnd(40)} ${found}`);
}
console.log(`node: ${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
