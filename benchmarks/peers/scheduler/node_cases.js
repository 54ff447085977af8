// Scheduler cases on Node, Bun and Deno: node node_cases.js all|sleep N [--json]
'use strict';
const fs = require('node:fs');

const ROUNDS = 4;
const TIMERS = 100_000;
const SLEEP_MS = 10_000;

async function yielder(n) {
  for (let i = 0; i < n; i++) await null; // a microtask: timers and I/O wait until there are none left
}

async function twoYielders(n) {
  await Promise.all([yielder(n), yielder(n)]);
}

// The other yield of Node, which lets the event loop turn as the other runtimes' yields do.
const turn = () => new Promise(setImmediate);
async function turner(n) {
  for (let i = 0; i < n; i++) await turn();
}

async function twoTurners(n) {
  await Promise.all([turner(n), turner(n)]);
}

// JavaScript has no tasks apart from calls: an async call runs at once up to its first wait.
async function nothing() {}
async function callOneByOne(n) {
  for (let i = 0; i < n; i++) await nothing();
}

async function yieldOnce() {
  await null;
}

async function nestedAwaits(n) {
  for (let i = 0; i < n; i++) await yieldOnce();
}

async function spawnAllThenJoin(n) {
  const calls = new Array(n);
  for (let i = 0; i < n; i++) calls[i] = yieldOnce();
  await Promise.all(calls);
}

function deferred() {
  const result = {};
  result.promise = new Promise((resolve) => { result.resolve = resolve; });
  return result;
}

async function pingPong(n) {
  let there = deferred(), back = deferred();
  async function ping() {
    for (let i = 0; i < n; i++) {
      there.resolve();
      await back.promise;
      back = deferred();
    }
  }
  async function pong() {
    for (let i = 0; i < n; i++) {
      await there.promise;
      there = deferred();
      back.resolve();
    }
  }
  await Promise.all([ping(), pong()]);
}

function never() {
  throw new Error('a cancelled timer ran');
}

// Due in ten to eleven seconds, long after the case is over; in no order, as timeouts of different kinds are.
async function timers(n) {
  const started = new Array(n);
  for (let i = 0; i < n; i++) started[i] = setTimeout(never, 10_000 + (i * 7919) % 1000);
  for (const timer of started) clearTimeout(timer);
}

const REHEARSAL_MS = 8_000;

const CASES = [
  // name, function, the most it is given of N, operations for each
  ['yield', twoYielders, Infinity, 2],
  ['yield_turn', twoTurners, Infinity, 2],
  ['call', callOneByOne, Infinity, 1],
  ['nested', nestedAwaits, Infinity, 1],
  ['spawnjoin', spawnAllThenJoin, Infinity, 1],
  ['pingpong', pingPong, Infinity, 1],
  ['timers', timers, TIMERS, 1],
];

const [RUNTIME, VERSION] = globalThis.Deno ? ['deno', Deno.version.deno] : globalThis.Bun ? ['bun', Bun.version] : ['node', process.versions.node];

function print(json, fields, text) {
  console.log(json ? JSON.stringify({ runtime: RUNTIME, version: VERSION, ...fields }) : text);
}

async function allCases(n, json) {
  // The compiler shares the core with what it compiles.
  for (const start = performance.now(); performance.now() - start < REHEARSAL_MS;) {
    for (const [, run, most] of CASES) await run(Math.min(Math.floor(n / 20) + 1, most));
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run, most, perN] of CASES) {
      const count = Math.min(n, most);
      const start = process.hrtime.bigint();
      await run(count);
      const ns = Number(process.hrtime.bigint() - start) / (count * perN);
      print(json, { case: name, round, ns: Number(ns.toFixed(2)) }, `${name.padEnd(10)} ${ns.toFixed(1).padStart(10)}`);
    }
  }
}

// VmHWM and not getrusage's maximum: that one begins with what the parent had at the fork.
function peakRssMb() {
  return Number(/^VmHWM:\s+(\d+)/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
async function sleepers(n, json) {
  const start = process.hrtime.bigint();
  const calls = new Array(n);
  for (let i = 0; i < n; i++) calls[i] = sleep(SLEEP_MS);
  await Promise.all(calls);
  const ms = Number(process.hrtime.bigint() - start) / 1e6, rss = peakRssMb();
  print(json, { case: 'sleep', n, ms: Number(ms.toFixed(1)), rss_mb: Number(rss.toFixed(1)) },
    `sleep ${n}: ${ms.toFixed(0)} ms, peak RSS ${rss.toFixed(0)} MB`);
}

const [mode, count] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const json = process.argv.includes('--json');
const n = Number(count);
if (mode === 'all' && n > 0) allCases(n, json);
else if (mode === 'sleep' && n > 0) sleepers(n, json);
else {
  console.error('usage: node_cases.js all|sleep N [--json]');
  process.exitCode = 2;
}
