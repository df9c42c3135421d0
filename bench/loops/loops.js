// What HTTP event loops on one port give, and what a hop between threads costs (decision 009). Needs Node 22.12 for two loops.
// Usage: node tools/build.js && node bench/loops/loops.js
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { loadavg } from 'node:os';
import { Worker } from 'node:worker_threads';
import { serverArgs, serverUrl, startProcess } from '../micro/process.js';
import { cpuUs, drive, folder, put, models, batching, sumRequest, wire } from '../micro/server-process.js';

const loopsServer = new URL('server.js', import.meta.url);
const rounds = 12;
/** The lower quartile: what company on the machine adds comes in bursts. */
const low = (times) => times.toSorted((a, b) => a - b)[times.length >> 2];

async function startLoops(loops, refuses) {
  const child = fork(loopsServer, [JSON.stringify({ loops, refuses })]);
  const [port] = await once(child, 'message');
  return { pid: child.pid, port, end: () => child.kill() };
}

const childrenOf = ({ pid }) => {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map((child) => ({ pid: Number(child) }));
};
/** Of a server and the processes of its loops. */
const wholeCpuUs = (server) => [server, ...childrenOf(server)].reduce((sum, each) => sum + cpuUs(each), 0);

/** Memory of each process, what it shares with others divided among them, in MB. */
const pssMb = ({ pid }) =>
  Math.round(/^Pss: +(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1] / 1024);

async function measureLoops() {
  await put('m', models.sumAndDifference, batching);
  // No loop is watched: a look every millisecond in each process would cost more than what is measured.
  const serve = (...flags) => startProcess(serverArgs(folder, flags), serverUrl);
  const slipway = await serve();
  const loops = await serve('--http-loops', '2');
  const json = sumRequest('m');
  const places = [
    ['node:http, tiny JSON, one loop', await startLoops(1, false), json],
    ['node:http, tiny JSON, two loops', await startLoops(2, false), json],
    ['node:http, refusals, one loop', await startLoops(1, true), json],
    ['node:http, refusals, two loops', await startLoops(2, true), json],
    ['slipway, tiny JSON, one loop', slipway, json],
    ['slipway, tiny JSON, --http-loops 2', loops, json],
    ['slipway, no such model, one loop', slipway, wire('/v2/models/none/infer', '{}')],
    ['slipway, no such model, --http-loops 2', loops, wire('/v2/models/none/infer', '{}')],
  ];
  const times = places.map(() => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [n, [, server, request]] of places.entries()) {
      const before = wholeCpuUs(server);
      const { answered } = await drive(server, request, { concurrency: 16, windowMs: 800, warmupMs: 0 });
      if (round > 0) times[n].push((wholeCpuUs(server) - before) / answered);
    }
  }
  for (const [n, [name]] of places.entries()) console.log(`${name}: ${low(times[n]).toFixed(1)} us of CPU a request`);
  const memory = [slipway, loops].map((server) => [server, ...childrenOf(server)].map(pssMb).join(' + '));
  console.log(`memory (PSS) of one loop: ${memory[0]} MB; of a parent and two loops: ${memory[1]} MB`);
  console.log(`CPU of the parent of two loops so far: ${Math.round(cpuUs(loops) / 1000)} ms`);
  for (const server of new Set(places.map(([, server]) => server))) await server.end();
}

/** How connections that come at once fall on two loops. */
async function measureShares() {
  const counts = [0, 0];
  const listening = [];
  for (const n of [0, 1]) {
    const server = createServer((socket) => ((counts[n] += 1), socket.end()));
    server.listen({ port: listening[0]?.address().port ?? 0, host: '127.0.0.1', reusePort: true });
    await once(server, 'listening');
    listening.push(server);
  }
  const { port } = listening[0].address();
  for (const connections of [8, 16, 64]) {
    const shares = [];
    for (let draw = 0; draw < 60; draw += 1) {
      counts.fill(0);
      const sockets = Array.from({ length: connections }, () => connect(port, '127.0.0.1').resume());
      await Promise.all(sockets.map((socket) => once(socket, 'close')));
      shares.push(Math.max(...counts) / connections);
    }
    const sorted = shares.toSorted((a, b) => a - b);
    console.log(
      `${connections} connections: the busier of two loops has ${sorted[30].toFixed(2)}, in one of ten draws ${sorted[54].toFixed(2)}`,
    );
  }
  for (const server of listening) server.close();
}

/** CPU of both threads for a message there and back. */
async function measureHops() {
  const worker = new Worker(loopsServer, { workerData: 'echo' });
  const ask = (message, moved) => {
    worker.postMessage(message, moved);
    return once(worker, 'message');
  };
  const hops = {
    'a text of 200 bytes': () => ['x'.repeat(200), []],
    '0.9 MB that move': () => {
      const memory = new ArrayBuffer(921_600);
      return [memory, [memory]];
    },
  };
  for (const [name, make] of Object.entries(hops)) {
    const times = [];
    for (let round = 0; round <= rounds; round += 1) {
      const before = cpuUs(process);
      for (let n = 0; n < 400; n += 1) await make();
      const made = cpuUs(process);
      for (let n = 0; n < 400; n += 1) await ask(...make());
      if (round > 0) times.push((cpuUs(process) - made - (made - before)) / 400);
    }
    console.log(`hop there and back, ${name}: ${low(times).toFixed(1)} us of CPU`);
  }
  await worker.terminate();
}

await measureLoops();
await measureShares();
await measureHops();
rmSync(folder, { recursive: true });
console.log(`load average ${loadavg()[0].toFixed(1)}`);
