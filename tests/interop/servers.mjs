// Servers for the example clients: node servers.mjs ws|socketio|sockjs. Prints its address.

import { createServer } from 'node:http';
import { Server } from 'socket.io';
import sockjs from 'sockjs';
import { WebSocketServer } from 'ws';

const server = createServer();
const name = process.argv[2];
let path = '/';

// An echo server with two subprotocols. Refuses the path /refused with status 401, and closes with 1010
// clients that ask for the path /compressed and offer no compression.
if (name === 'ws') {
  const echo = new WebSocketServer({
    server,
    perMessageDeflate: { threshold: 0 },
    handleProtocols: (offered) => ['superchat', 'chat'].find((name) => offered.has(name)) ?? false,
    verifyClient: ({ req }, accept) =>
      accept(req.url !== '/refused', 401, 'who are you?', { 'WWW-Authenticate': 'Basic' }),
  });
  echo.on('connection', (ws, request) => {
    if (request.url === '/compressed' && ws.extensions !== 'permessage-deflate') ws.close(1010);
    ws.on('message', (data, binary) => ws.send(data, { binary }));
  });
}

// Acknowledges `greet` in two namespaces, and answers it with `greeting` after a second: a client that has
// not answered its Pings by then is disconnected.
if (name === 'socketio') {
  path = '';
  const io = new Server(server, { transports: ['websocket'], pingInterval: 200, pingTimeout: 200 });
  const answer = (socket) =>
    socket.on('greet', (...said) => {
      const acknowledge = said.pop();
      acknowledge({ heard: said.length });
      setTimeout(() => socket.emit('greeting', socket.nsp.name, ...said), 1000);
    });
  for (const namespace of ['/', '/chat']) io.of(namespace).on('connection', answer);
}

if (name === 'sockjs') {
  path = '/echo';
  const echo = sockjs.createServer({ log: () => {} });
  echo.on('connection', (connection) => connection.on('data', (text) => connection.write(text)));
  echo.installHandlers(server, { prefix: path });
}

server.listen(0, '127.0.0.1', () => console.log(`ws://127.0.0.1:${server.address().port}${path}`));
