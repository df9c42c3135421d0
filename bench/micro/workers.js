// Measures the worker threads: memory of a 100 MB model by workers, the cost of a hop, and throughput over a raw loop.
// Usage: node tools/build.js && node bench/micro/workers.js [memory|hop|throughput]. Each figure comes from a fresh process.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const load = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const self = fileURLToPath(import.meta.url);
const { startRunner } = await load('src/workers/pool.js');
const { allocator } = await load('src/launch/native/supervisor/allocator.js');
const { parseSmapsRollup } = await load('bench/targets/server-facts.js');

const specOf = (modelPath) => ({
  modelPath,
  logId: 'm',
  provider: 'cpu',
  deviceId: 0,
  strict: false,
  intraOpThreads: 1,
  optimised: false,
});

/** Starts workers that hold a model; `run` queues one job and resolves with its outcome. */
async function serve({ workers, modelPath, cache }) {
  const weightsCache = cache === undefined ? {} : { weightsCache: { folder: cache } };
  const runner = await startRunner({ workers, env: process.env, ...weightsCache });
  const waiting = [];
  const session = await runner.load(specOf(modelPath), { instances: 'auto', next: () => waiting.shift() });
  const run = (job) =>
    new Promise((resolve, reject) => {
      waiting.push({ job, resolve, reject });
      session.wake();
    });
  return { runner, session, run };
}

const floats = (rows, width) => ({
  requests: [
    new Map([['X', { datatype: 'FP32', shape: [rows, width], data: new Float32Array(rows * width).fill(1) }]]),
  ],
  rows,
  outputs: ['Y'],
});

const jobs = {
  /** Memory in MB after every worker ran once. */
  async memory({ workers, modelPath, cache }) {
    const { runner, session } = await serve({ workers, modelPath, cache });
    for (let instance = 0; instance < workers; instance += 1) await session.runOn(instance, floats(1, 1600));
    const { pssBytes } = parseSmapsRollup(readFileSync('/proc/self/smaps_rollup', 'utf8'));
    const { reason } = session.loaded.weights;
    await runner.close();
    return { pssMb: Math.round(pssBytes / 1e6), reason };
  },
  /** Process CPU and wall time of one tiny run through the pool, one at a time, in microseconds. */
  async hop({ modelPath }) {
    const { runner, run } = await serve({ workers: 1, modelPath });
    const job = () => floats(1, 16);
    for (let index = 0; index < 5000; index += 1) await run(job());
    return { ...(await timeRuns(20_000, () => run(job()))), close: await runner.close() };
  },
  async rawHop({ modelPath }) {
    const run = await openRaw(modelPath);
    for (let index = 0; index < 5000; index += 1) await run(floats(1, 16));
    return timeRuns(20_000, () => run(floats(1, 16)));
  },
  /** Inferences a second through the pool and through raw loops with as many threads, alternating in one process. */
  async throughput({ workers, modelPath, rows }) {
    const { runner, session, run } = await serve({ workers, modelPath });
    const served = async (count) => {
      const startedMs = performance.now();
      const client = async () => {
        for (let index = 0; index < count / 8; index += 1) await run(floats(rows, 512));
      };
      await Promise.all(Array.from({ length: 8 }, client));
      return count / (performance.now() - startedMs);
    };
    await served(32);
    const rate = await served(160);
    const { timing } = await session.runOn(0, floats(rows, 512));
    await runner.close();
    return { rate, computeMs: timing.computeNs / 1e6 };
  },
};

async function openRaw(modelPath) {
  process.env.ORT_DISABLE_TELEMETRY = '1';
  const { ortEngine } = await load('src/engine/ort/ort.js');
  const session = await ortEngine.createSession(specOf(modelPath));
  return ({ requests, outputs }) => session.run(requests[0], outputs);
}

async function timeRuns(count, run) {
  const [cpu, startedMs] = [process.cpuUsage(), performance.now()];
  for (let index = 0; index < count; index += 1) await run();
  const { user, system } = process.cpuUsage(cpu);
  return { cpuUs: (user + system) / count, wallUs: ((performance.now() - startedMs) * 1000) / count };
}

function inProcess(job, options) {
  const env = { ...process.env, ...options.env };
  const text = execFileSync(process.execPath, [self, '--job', job, JSON.stringify(options)], { encoding: 'utf8', env });
  return JSON.parse(text);
}

async function putMlp(folder, options) {
  const { writeOnnx } = await load('src/model/onnx/writer.js');
  const { mlp } = await load('test/support/mlp.js');
  const path = join(folder, `${options.width}x${options.layers}.onnx`);
  writeFileSync(path, writeOnnx(mlp(options)));
  return path;
}

async function reportMemory(folder) {
  const modelPath = await putMlp(folder, { width: 1600, layers: 10 });
  inProcess('memory', { workers: 1, modelPath, cache: join(folder, 'cache') });
  // With its own threshold glibc gives the buffers of a load back instead of keeping them in each thread's arena.
  const variants = [{}, { cache: join(folder, 'cache') }, { cache: join(folder, 'cache'), env: allocator }];
  for (const variant of variants) {
    for (const workers of [1, 2, 4]) {
      const { pssMb, reason } = inProcess('memory', { workers, modelPath, ...variant });
      const setting = variant.env === undefined ? '' : ', MALLOC_* as in images';
      console.log(`memory  102 MB model  ${workers} workers  ${pssMb} MB  (${reason}${setting})`);
    }
  }
}

async function reportHop(folder) {
  const modelPath = await putMlp(folder, { width: 16, layers: 1 });
  for (let round = 0; round < 2; round += 1) {
    const [pool, raw] = [inProcess('hop', { modelPath }), inProcess('rawHop', { modelPath })];
    const extra = (pool.cpuUs - raw.cpuUs).toFixed(1);
    console.log(`hop  cpu ${pool.cpuUs.toFixed(1)} us, raw ${raw.cpuUs.toFixed(1)} us, beyond ${extra} us`);
  }
}

async function reportThroughput(folder) {
  const modelPath = await putMlp(folder, { width: 512, layers: 10 });
  for (let round = 0; round < 3; round += 1) {
    const pool = inProcess('throughput', { workers: 1, modelPath, rows: 288 });
    const rawMs = inProcess('rawRun', { modelPath, rows: 288 }).wallUs / 1000;
    const ratio = (pool.rate * rawMs).toFixed(3);
    console.log(`throughput  ${(pool.rate * 1000).toFixed(1)}/s, raw run ${rawMs.toFixed(2)} ms, ratio ${ratio}`);
  }
}

jobs.rawRun = async ({ modelPath, rows }) => {
  const run = await openRaw(modelPath);
  for (let index = 0; index < 32; index += 1) await run(floats(rows, 512));
  return timeRuns(160, () => run(floats(rows, 512)));
};

const [, , first, job, options] = process.argv;
if (first === '--job') {
  console.log(JSON.stringify(await jobs[job](JSON.parse(options))));
} else {
  const reports = { memory: reportMemory, hop: reportHop, throughput: reportThroughput };
  const folder = mkdtempSync(join(tmpdir(), 'slipway-micro-'));
  try {
    for (const [name, report] of Object.entries(reports))
      if (first === undefined || first === name) await report(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
