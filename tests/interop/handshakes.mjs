// Opening handshakes by the npm package `ws` and by Chromium: node handshakes.mjs ws://HOST:PORT/
//
// The server is the example `handshake`. If the environment has CHROMIUM, runs the exchanges of Chromium
// instead of those of `ws`.

import { deepStrictEqual as same } from 'node:assert';
import { once } from 'node:events';
import WebSocket from 'ws';
import { exchange, launch } from './common.mjs';

const url = process.argv[2];

/** Makes a handshake. Returns the subprotocol, or the status of the rejection. */
async function outcome(subprotocols, options) {
  const ws = new WebSocket(url, subprotocols, options);
  ws.on('error', () => {}); // a rejection is one as well
  const refused = once(ws, 'unexpected-response').then(([, response]) => response.statusCode);
  const result = await Promise.race([once(ws, 'open').then(() => ws.protocol), refused]);
  ws.terminate();
  return result;
}

const own = url.replace(/^ws/, 'http').replace(/\/$/, '');
const handshakes = {
  'the server prefers another of two subprotocols': ['chat', ['superchat', 'chat'], {}],
  'no subprotocol': ['', [], {}],
  'its own origin': ['', [], { origin: own }],
  'another origin is refused with 403': [403, [], { origin: 'https://example.com' }],
  'version 8 is refused with 426': [426, [], { protocolVersion: 8 }],
  'a header field of 8 KiB': ['', [], { headers: { 'X-Long': 'x'.repeat(8192) } }],
  'a head of 20 KiB is refused with 431': [431, [], { headers: { 'X-Long': 'x'.repeat(20480) } }],
};
if (process.env.CHROMIUM) {
  const browser = await launch();
  await exchange('chromium: a page opens a WebSocket to its server', async () => {
    const page = await browser.newPage();
    await page.goto(`${own}/`);
    await page.waitForFunction(() => document.title !== 'waiting', null, { timeout: 20_000 });
    same(await page.title(), 'chat: Hello, 🌍!');
  });
  await browser.close();
} else {
  for (const [name, [expected, subprotocols, options]] of Object.entries(handshakes)) {
    await exchange(`ws: ${name}`, async () => same(await outcome(subprotocols, options), expected));
  }
}
