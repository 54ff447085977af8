// TCP echo on Node, Bun and Deno: node node_echo.js --port P [--style events|pipe] [--lifetime SECONDS]
'use strict';
const net = require('node:net');

function option(name, otherwise) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
}

const port = Number(option('port', NaN));
const style = option('style', 'events');
const lifetime = Number(option('lifetime', 120));
if (!Number.isInteger(port) || !['events', 'pipe'].includes(style)) {
  console.error('usage: node_echo.js --port P [--style events|pipe] [--lifetime SECONDS]');
  process.exit(2);
}

function echo(socket) {
  socket.on('error', () => socket.destroy());
  if (style === 'pipe') {
    socket.pipe(socket);
    return;
  }
  socket.on('data', (data) => {
    if (!socket.write(data)) socket.pause(); // a peer that does not read is not read from
  });
  socket.on('drain', () => socket.resume());
}

const server = net.createServer({ noDelay: true }, echo);
server.listen({ port, host: '127.0.0.1', backlog: 1024 }, () => console.log(`listening ${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
setTimeout(() => process.exit(0), lifetime * 1000);
