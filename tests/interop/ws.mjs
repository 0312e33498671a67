// Exchanges by the npm package `ws`: node ws.mjs ws://HOST:PORT/ [plain]

import { deepStrictEqual as same } from 'node:assert';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import WebSocket from 'ws';
import { exchange } from './common.mjs';

const url = process.argv[2];
// Whether the server negotiates no compression, and answers a Close with its code alone.
const plain = process.argv[3] === 'plain';

/** Opens a connection for one exchange. It offers compression, unless the options say otherwise. */
function connected(name, run, options = {}) {
  return exchange(`ws: ${name}`, async () => {
    const ws = new WebSocket(url, options);
    try {
      const [[response]] = await Promise.all([once(ws, 'upgrade'), once(ws, 'open')]);
      await run(ws, response.headers['sec-websocket-extensions'] ?? '');
    } finally {
      ws.terminate();
    }
  });
}

/** Waits for a message and compares it, its type too. */
async function comesBack(ws, expected) {
  const [data, isBinary] = await once(ws, 'message');
  same(isBinary, typeof expected !== 'string', 'text and binary were mixed up');
  const sent = Buffer.from(expected);
  if (!sent.equals(data)) throw new Error(`sent ${sent.length} bytes, other ${data.length} bytes came back`);
}

const messages = {
  'text with emoji': 'Hello, 🌍! 안녕하세요',
  'empty text': '',
  '4 bytes of binary': Buffer.from([0x00, 0xff, 0x80, 0x7f]),
  '64 KiB of binary': randomBytes(64 << 10),
  '1 MiB of binary': randomBytes(1 << 20),
  '64 KiB of text': 'a' + '가'.repeat(21845),
};
for (const [name, message] of Object.entries(messages)) {
  await connected(name, async (ws) => {
    ws.send(message);
    await comesBack(ws, message);
  });
}

await connected('1000 messages in a row, in order', async (ws) => {
  const numbers = Array.from({ length: 1000 }, (_, i) => `message ${i}`);
  const echoes = [];
  const all = new Promise((resolve) => {
    ws.on('message', (data) => echoes.push(data.toString()) === numbers.length && resolve());
  });
  for (const message of numbers) ws.send(message);
  await all;
  same(echoes, numbers);
});

await connected('fragmented text, cut inside an emoji, with a ping between', async (ws) => {
  const whole = Buffer.from('Hello, 🌍!');
  const pong = once(ws, 'pong');
  const echo = comesBack(ws, whole.toString());
  ws.send(whole.subarray(0, 9), { binary: false, fin: false });
  ws.ping('between');
  ws.send(whole.subarray(9), { fin: true });
  same(String((await pong)[0]), 'between');
  await echo;
});

await connected('ping and pong of 125 bytes', async (ws) => {
  const payload = randomBytes(125);
  ws.ping(payload);
  const [pong] = await once(ws, 'pong');
  same(pong, payload);
});

await connected('closing handshake with code and reason', async (ws) => {
  ws.close(4321, 'good bye 👋');
  const [code, reason] = await once(ws, 'close');
  same([code, String(reason)], [4321, plain ? '' : 'good bye 👋']);
});

// What is offered, and what the server answers. All messages are compressed, however short.
const compressions = {
  'compression': [{}, 'permessage-deflate'],
  'compression without context takeover': [{ serverNoContextTakeover: true, clientNoContextTakeover: true },
    'permessage-deflate; server_no_context_takeover; client_no_context_takeover'],
  'compression in windows of 512 bytes': [{ serverMaxWindowBits: 9, clientMaxWindowBits: 9 },
    'permessage-deflate; server_max_window_bits=9; client_max_window_bits=9'],
  'no compression': [false, ''],
};
for (const [name, [offer, expected]] of Object.entries(compressions)) {
  const options = { perMessageDeflate: offer && { ...offer, threshold: 0 } };
  await connected(name, async (ws, extensions) => {
    same(extensions, plain ? '' : expected);
    for (const message of [...Object.values(messages), 'Hello', 'Hello', 'abc'.repeat(99_999)]) {
      ws.send(message);
      await comesBack(ws, message);
    }
  }, options);
}
