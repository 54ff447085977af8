// HTTP on Node's fastify, as it comes: fastify_web.js --port P [--lifetime SECONDS]
const option = (name, fallback) => process.argv.includes(name) ? +process.argv[process.argv.indexOf(name) + 1] : fallback;
const port = option('--port');
setTimeout(() => process.exit(0), 1000 * option('--lifetime', 120));

const server = require('fastify')();
server.get('/plaintext', async () => 'Hello, World!');
server.get('/json', async () => ({ text: 'Hello, World!' }));
server.listen({ port, host: '127.0.0.1', backlog: 512 }).then(() => console.log(`listening ${port}`));
