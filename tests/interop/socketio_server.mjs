// A Socket.IO server, over WebSockets alone: node socketio_server.mjs
//
// Prints its address. In the namespace /chat it acknowledges `greet`, and answers it with `greeting` after a
// second: a client that has not answered its Pings by then is disconnected.

import { createServer } from 'node:http';
import { Server } from 'socket.io';

const server = createServer();
const io = new Server(server, { transports: ['websocket'], pingInterval: 200, pingTimeout: 200 });
io.of('/').on('connection', answer);
io.of('/chat').on('connection', answer);

function answer(socket) {
  socket.on('greet', (...said) => {
    const acknowledge = said.pop();
    acknowledge({ heard: said.length });
    setTimeout(() => socket.emit('greeting', socket.nsp.name, ...said), 1000);
  });
}

server.listen(0, '127.0.0.1', () => console.log(`ws://127.0.0.1:${server.address().port}`));
