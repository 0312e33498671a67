// An echo server by the npm package `ws`, which knows two subprotocols: node ws_server.mjs
//
// Prints its address. Refuses the path /refused with status 401, and closes with 1010 clients that ask for the
// path /compressed and offer no compression.

import { WebSocketServer } from 'ws';

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  perMessageDeflate: { threshold: 0 },
  handleProtocols: (offered) => ['superchat', 'chat'].find((name) => offered.has(name)) ?? false,
  verifyClient: ({ req }, accept) =>
    accept(req.url !== '/refused', 401, 'who are you?', { 'WWW-Authenticate': 'Basic' }),
});
server.on('connection', (ws, request) => {
  if (request.url === '/compressed' && ws.extensions !== 'permessage-deflate') ws.close(1010);
  ws.on('message', (data, binary) => ws.send(data, { binary }));
});
server.on('listening', () => console.log(`ws://127.0.0.1:${server.address().port}/`));
