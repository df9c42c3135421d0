// What bench/micro/growth.js measures with: a server as a process, requests as bytes on the wire, and participants that take turns.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

const load = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { startLoadGenerator } = await load('bench/load/load.js');
const { Histogram } = await load('bench/stats/histogram.js');
const { readTreeCpuSeconds } = await load('bench/peers/hosts/process-cpu.js');

/** Starts a process that prints its URL, and waits for it. */
export async function start(args, pattern) {
  const startedMs = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (chunk) => (text = (text + chunk).slice(-65536)));
  while (!pattern.test(text)) {
    if (child.exitCode !== null) throw new Error(text);
    await once(child.stderr, 'data');
  }
  const { port } = new URL(pattern.exec(text)[1]);
  const end = async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  return { pid: child.pid, port: Number(port), startMs: performance.now() - startedMs, end };
}

/** A request with one FP32 tensor of pseudo-random values, as binary data or as JSON. */
export function request({ model, input, shape, form }) {
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, n) => Math.sin(n * 12.9898));
  const tensor = { name: input, datatype: 'FP32', shape };
  const isBinary = form === 'binary';
  if (isBinary) tensor.parameters = { binary_data_size: data.byteLength };
  else tensor.data = [...data];
  const header = Buffer.from(
    JSON.stringify({ inputs: [tensor], ...(isBinary ? { parameters: { binary_data_output: true } } : {}) }),
  );
  const body = isBinary ? Buffer.concat([header, Buffer.from(data.buffer)]) : header;
  const kind = isBinary
    ? `content-type: application/octet-stream\r\ninference-header-content-length: ${header.length}`
    : 'content-type: application/json';
  const head = `POST /v2/models/${model}/infer HTTP/1.1\r\nhost: localhost\r\n${kind}\r\ncontent-length: ${body.length}\r\n\r\n`;
  return { bytes: Buffer.concat([Buffer.from(head), body]) };
}

/** One window of closed-loop clients: median latency, rate, and the server's CPU time an answer. */
export async function drive(server, wire, { clients = 1, windowMs }) {
  const generator = startLoadGenerator();
  const order = { host: '127.0.0.1', port: server.port, requests: [wire], windowMs, windows: 1, timeoutMs: 30_000 };
  const arrivals = { kind: 'closed', concurrency: clients };
  await generator.run({ ...order, arrivals, warmupMs: windowMs, windowMs: 10 });
  const before = await readTreeCpuSeconds(server.pid);
  const { windows, answered } = await generator.run({ ...order, arrivals, warmupMs: 0 });
  const cpuSeconds = (await readTreeCpuSeconds(server.pid)) - before;
  await generator.close();
  const histogram = new Histogram();
  for (const { latencies } of windows) histogram.merge(latencies);
  const failed = Object.keys(windows[0].statuses).filter((status) => status !== '200');
  if (failed.length > 0) throw new Error(`answered ${failed.join(', ')}`);
  return {
    p50Ms: histogram.percentileMs(50),
    perSecond: (windows[0].completed * 1000) / windows[0].elapsedMs,
    cpuMs: (cpuSeconds * 1000) / answered,
  };
}

/** Medians over rounds of what each participant measures; the participants take turns. */
export async function inTurn(rounds, participants) {
  const readings = Object.fromEntries(Object.keys(participants).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const [name, measure] of Object.entries(participants)) readings[name].push(await measure());
  const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
  return Object.fromEntries(
    Object.entries(readings).map(([name, all]) => [
      name,
      Object.fromEntries(Object.keys(all[0]).map((key) => [key, median(all.map((one) => one[key]))])),
    ]),
  );
}

/** Resident memory of a server in MB. */
export const rssMb = ({ pid }) =>
  Number(/^Rss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) / 1024;
