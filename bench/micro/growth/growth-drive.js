// What bench/micro/growth/growth.js measures with: a server as a process, requests as bytes on the wire, and participants that take turns.
import { load } from '../process.js';

const { startLoadGenerator } = await load('bench/load/load.js');
const { Histogram } = await load('bench/stats/histogram.js');
const { readTreeCpuSeconds } = await load('bench/peers/hosts/process-cpu.js');

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
