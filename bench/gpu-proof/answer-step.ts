import { createProvenSession } from '../../src/engine/placement.js';
import type { EngineSession, SessionSpec } from '../../src/engine/engine.js';
import { ortEngine } from '../../src/engine/ort/ort.js';
import { messageOf } from '../../src/errors.js';
import { isClose } from '../../src/tensor/closeness.js';
import { drawTensors } from '../../src/tensor/drawn.js';
import { numbersOf } from '../../src/tensor/half.js';
import type { NamedTensors } from '../../src/tensor/tensor.js';
import { Histogram } from '../stats/histogram.js';
import type { Facts, Step, StepOutcome } from './types.js';

const specOf = ({ provider, modelPath = '' }: Step): SessionSpec => ({
  modelPath,
  logId: 'gpu-proof',
  provider,
  deviceId: 0,
  strict: false,
  intraOpThreads: 1,
  optimised: false,
});

const namesOf = (session: EngineSession): readonly string[] => session.outputs.map(({ name }) => name);
const feedsOf = (session: EngineSession, rows: number, variable: number): NamedTensors =>
  drawTensors(session.inputs, { rows, variable, seed: rows });

async function timeRun(session: EngineSession, feeds: NamedTensors): Promise<number> {
  const startedMs = performance.now();
  await session.run(feeds, namesOf(session));
  return performance.now() - startedMs;
}

/** Where the nodes ran by a profile, and whether strict mode takes the model whole. Fails where none ran on the provider. */
export async function provePlacement(step: Step): Promise<StepOutcome> {
  const { session, placement } = await createProvenSession(ortEngine, specOf(step));
  await session.release();
  const strict = await createProvenSession(ortEngine, { ...specOf(step), strict: step.provider !== 'cpu' }).then(
    async (proven) => proven.session.release().then(() => 'accepted'),
    (error: unknown) => `refused: ${messageOf(error)}`,
  );
  const rows = [{ device: placement.device, evidence: placement.evidence, strict, ...placement.nodes }];
  if (placement.device.startsWith(step.provider)) return { state: 'passed', rows };
  return { state: 'failed', rows, reason: `the model computes on ${placement.device}, not on ${step.provider}` };
}

/** The same drawn tensors through the CPU and the provider, for each number of rows. */
export async function compareWithCpu(step: Step): Promise<StepOutcome> {
  const cpu = await ortEngine.createSession(specOf({ ...step, provider: 'cpu' }));
  const other = await ortEngine.createSession(specOf(step));
  const rows: Facts[] = [];
  for (const count of step.batches) {
    const feeds = feedsOf(cpu, count, step.variable);
    const [left, right] = [await other.run(feeds, namesOf(other)), await cpu.run(feeds, namesOf(cpu))];
    for (const name of namesOf(cpu)) rows.push({ rows: count, output: name, ...compareOutput(left, right, name) });
  }
  const isAlike = rows.every(({ alike }) => alike === true);
  return isAlike
    ? { state: 'passed', rows }
    : { state: 'failed', rows, reason: 'an output differs from that of the CPU' };
}

/** What a sigmoid close to 0 may be off by: two units in the last place of 1, which it was subtracted from. */
const leastOfFp32 = 2 ** -22;

function compareOutput(left: NamedTensors, right: NamedTensors, name: string): Facts {
  const [a, b] = [left.get(name), right.get(name)];
  if (a === undefined || b === undefined) return { alike: false };
  if (a.datatype === 'BYTES' || b.datatype === 'BYTES') return { alike: isClose(a, b), datatype: a.datatype };
  const [these, those] = [
    Array.from(numbersOf(a) as Float32Array, Number),
    Array.from(numbersOf(b) as Float32Array, Number),
  ];
  const largestDifference = those.reduce(
    (most, value, index) => Math.max(most, Math.abs(value - (these[index] ?? NaN))),
    0,
  );
  const isRounding = b.datatype === 'FP32' && largestDifference <= leastOfFp32;
  return { alike: isClose(a, b) || isRounding, datatype: b.datatype, elements: those.length, largestDifference };
}

/** Latency and throughput of one session for each number of rows, and the memory of the process afterwards. */
export async function measureSpeed(step: Step): Promise<StepOutcome> {
  const session = await ortEngine.createSession(specOf(step));
  const rows: Facts[] = [];
  for (const count of step.batches) rows.push({ rows: count, ...(await measureBatch(session, count, step)) });
  return { state: 'passed', rows };
}

async function measureBatch(session: EngineSession, rows: number, { variable, windowMs }: Step): Promise<Facts> {
  const feeds = feedsOf(session, rows, variable);
  const firstMs = await timeRun(session, feeds);
  const times = new Histogram();
  const startedMs = performance.now();
  let nowMs = startedMs;
  while (nowMs - startedMs < windowMs || times.count < 3) {
    times.record(await timeRun(session, feeds));
    nowMs = performance.now();
  }
  const [p50Ms, p99Ms] = [times.percentileMs(50), times.percentileMs(99)];
  const rowsPerSecond = (rows * times.count * 1000) / (nowMs - startedMs);
  return { runs: times.count, firstMs, p50Ms, p99Ms, rowsPerSecond, processRssBytes: process.memoryUsage.rss() };
}

/** From the start of this process to the first answer, in parts. */
export async function measureColdStart(step: Step): Promise<StepOutcome> {
  const processMs = performance.now();
  const session = await ortEngine.createSession(specOf(step));
  const loadedMs = performance.now();
  const feeds = feedsOf(session, 1, step.variable);
  const [firstMs, secondMs] = [await timeRun(session, feeds), await timeRun(session, feeds)];
  const rows = [{ processMs, loadMs: loadedMs - processMs, firstMs, secondMs, wholeMs: loadedMs + firstMs }];
  return { state: 'passed', rows };
}

/**
 * What a number of rows costs the first time and the second, what it costs padded to the next power of two, and then again: kernels may be
 * planned anew for every change of shape.
 */
export async function measureBuckets(step: Step): Promise<StepOutcome> {
  const session = await ortEngine.createSession(specOf(step));
  await timeRun(session, feedsOf(session, 1, step.variable));
  const rows: Facts[] = [];
  for (const count of step.batches) {
    const bucket = 2 ** Math.ceil(Math.log2(count));
    const feeds = feedsOf(session, count, step.variable);
    const [newShapeMs, knownShapeMs] = [await timeRun(session, feeds), await timeRun(session, feeds)];
    const padded = feedsOf(session, bucket, step.variable);
    await timeRun(session, padded);
    const bucketMs = await timeRun(session, padded);
    rows.push({ rows: count, newShapeMs, knownShapeMs, bucket, bucketMs, backMs: await timeRun(session, feeds) });
  }
  return { state: 'passed', rows };
}
