// HTTP on Node's own http, or on Bun.serve under Bun: node_web.js --port P [--lifetime SECONDS]
const option = (name, fallback) => process.argv.includes(name) ? +process.argv[process.argv.indexOf(name) + 1] : fallback;
const port = option('--port');
setTimeout(() => process.exit(0), 1000 * option('--lifetime', 120));

if (typeof Bun !== 'undefined') {
  Bun.serve({
    port,
    hostname: '127.0.0.1',
    fetch: request => request.url.endsWith('/json') ? Response.json({ text: 'Hello, World!' })
      : new Response('Hello, World!', { headers: { 'Content-Type': 'text/plain; charset=utf-8' } }),
  });
  console.log(`listening ${port}`);
} else {
  require('http').createServer((request, answer) => {
    const json = request.url === '/json';
    const body = json ? JSON.stringify({ text: 'Hello, World!' }) : 'Hello, World!';
    answer.writeHead(200, { 'Content-Type': json ? 'application/json' : 'text/plain; charset=utf-8', 'Content-Length': body.length });
    answer.end(body);
  }).listen({ port, host: '127.0.0.1', backlog: 512 }, () => console.log(`listening ${port}`));
}
