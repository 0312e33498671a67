// A SockJS server with the prefix /echo, which says back what it is told: node sockjs_server.mjs
//
// Prints the URL of the prefix.

import { createServer } from 'node:http';
import sockjs from 'sockjs';

const echo = sockjs.createServer({ log: () => {} });
echo.on('connection', (connection) => connection.on('data', (text) => connection.write(text)));
const server = createServer();
echo.installHandlers(server, { prefix: '/echo' });
server.listen(0, '127.0.0.1', () => console.log(`ws://127.0.0.1:${server.address().port}/echo`));
