// Servers as processes for the measurements beside this file, and the load for them.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, serverArgs, serverUrl, startProcess, threadMs } from './process.js';

export { load, rssMb } from './process.js';
const { startLoadGenerator } = await load('bench/load/load.js');
const { mergeHistograms } = await load('bench/stats/histogram.js');
export const models = await load('test/support/models.js');
export const folder = mkdtempSync(join(tmpdir(), 'slipway-micro-'));

/** Prints the event loop's delay since the last time, in milliseconds, on SIGUSR2; the sampler's own millisecond is taken off. */
const watchLoop = `data:text/javascript,${encodeURIComponent(`
  import { monitorEventLoopDelay } from 'node:perf_hooks';
  import { isMainThread } from 'node:worker_threads';
  if (isMainThread) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    process.on('SIGUSR2', () => {
      const ms = (ns) => Math.max(0, Math.round(ns / 1e4) / 100 - 1);
      process.stderr.write(JSON.stringify({ loop: { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max) } }) + '\\n');
      delay.reset();
    });
  }`)}`;

/** Starts a process whose event loop is watched and whose major collections are counted. */
export async function start(args, pattern) {
  const server = await startProcess(['--import', watchLoop, ...args], pattern);
  let majorCollections = 0;
  server.child.stdout
    .setEncoding('utf8')
    .on('data', (chunk) => (majorCollections += chunk.split('Mark-Compact').length - 1));
  const loopDelay = async () => {
    server.forget();
    server.child.kill('SIGUSR2');
    return JSON.parse((await server.next(/^\{"loop".*\}$/m))[0]).loop;
  };
  return { ...server, loopDelay, collections: () => majorCollections };
}

export const serve = (...flags) => serveWith([], ...flags);
/** The same with flags of Node's own. */
export const serveWith = (nodeFlags, ...flags) =>
  start(serverArgs(folder, ['--management=yes', ...flags], nodeFlags), serverUrl);

/** CPU time of all threads so far, in microseconds. */
export const cpuUs = ({ pid }) => {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, thread) => sum + threadMs(pid, thread) * 1000, 0);
};
export const handles = ({ pid }) => readdirSync(`/proc/${pid}/fd`).length;

export function wire(path, body, headers = 'content-type: application/json\r\n') {
  const head = `POST ${path} HTTP/1.1\r\nhost: x\r\n${headers}content-length: ${body.length}\r\n\r\n`;
  return { bytes: Buffer.concat([Buffer.from(head), Buffer.from(body)]) };
}

const row = Array.from({ length: 16 }, (_, n) => n);
/** Two rows of the sum's. */
export const tensors = ['A', 'B'].map((name) => ({ name, datatype: 'INT32', shape: [1, 16], data: row }));
export const sumRequest = (model) => wire(`/v2/models/${model}/infer`, JSON.stringify({ inputs: tensors }));

/** The same tensors as binary data, both ways. */
export function binaryRequest(model, tensors) {
  const inputs = tensors.map(({ data, ...tensor }) => {
    return { ...tensor, parameters: { binary_data_size: data.byteLength } };
  });
  const header = Buffer.from(JSON.stringify({ inputs, parameters: { binary_data_output: true } }));
  const parts = tensors.map(({ data }) => Buffer.from(data.buffer));
  const headers = `inference-header-content-length: ${header.length}\r\n`;
  return wire(`/v2/models/${model}/infer`, Buffer.concat([header, ...parts]), headers);
}

/** Windows of requests from `concurrency` clients; several requests take turns. */
export async function drive(
  server,
  request,
  { concurrency = 4, windowMs = 2000, windows = 1, warmupMs = 300, rate } = {},
) {
  const generator = startLoadGenerator();
  const poisson = { kind: 'poisson', requestsPerSecond: rate, maxConnections: concurrency, seed: 1 };
  const arrivals = rate === undefined ? { kind: 'closed', concurrency } : poisson;
  const order = { host: '127.0.0.1', port: server.port, requests: [request].flat(), warmupMs, windowMs, windows };
  const result = await generator.run({ ...order, arrivals, timeoutMs: 30_000 });
  await generator.close();
  const statuses = {};
  for (const window of result.windows)
    for (const [status, count] of Object.entries(window.statuses)) statuses[status] = (statuses[status] ?? 0) + count;
  const elapsedMs = result.windows.reduce((sum, window) => sum + window.elapsedMs, 0);
  const completed = result.windows.reduce((sum, window) => sum + window.completed, 0);
  const p99Ms = mergeHistograms(result.windows.map(({ latencies }) => latencies)).percentileMs(99);
  return { statuses, answered: result.answered, perSecond: Math.round((completed * 1000) / elapsedMs), p99Ms };
}

export const put = (name, graph, config) => models.putModel(folder, { name, graph, config });
export const batching = { batching: { maxRows: 8, maxDelayMs: 0 } };

export function median(list) {
  return list.toSorted((a, b) => a - b)[list.length >> 1];
}

/** Runs the jobs that were asked for, each in an empty folder: all where none was. */
export async function runJobs(jobs, [job, count]) {
  try {
    const wanted = Object.entries(jobs).filter(([name]) => job === undefined || name === job);
    for (const [, run] of wanted) {
      for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
      await run(count === undefined ? undefined : Number(count));
    }
    console.log(`load average ${loadavg()[0].toFixed(1)}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
