// What SDKs fetch, from the keys that come with a request; no other address is there, and nothing leaves this machine.
import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';

let keys = {};
export const serve = (request) => (keys = request.keys);

const server = http.createServer((incoming, response) => {
  const text = keys[decodeURIComponent(incoming.url.slice(1))];
  response.writeHead(text === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(text);
});
server.listen(0, '127.0.0.1').unref();
await new Promise((listening) => server.once('listening', listening));

function request(...given) {
  const [first, second] = given;
  const url = first.path ? `https://${first.hostname ?? first.host}${first.path}` : String(first);
  const options = { port: server.address().port, path: `/${encodeURIComponent(url)}`, agent: false };
  const method = first.method ?? second?.method ?? 'GET';
  return http.request({ ...options, method }, given.find((argument) => typeof argument === 'function'));
}

https.request = request;
https.get = (...given) => request(...given).end();
globalThis.fetch = async (url) => {
  const text = keys[String(url)];
  return new Response(text, { status: text === undefined ? 404 : 200 });
};
syncBuiltinESMExports();
