import { findGraphObstacle, noteOnBatchingOff } from '../../model/complete/complete-batching.js';
import type { ModelConfig, OnnxHeader } from '../../model/config.js';
import { variableSizes } from '../../tensor/drawn.js';
import type { NamedTensors } from '../../tensor/tensor.js';
import type { RunnerSession, RunOutcome } from '../../workers/runner.js';
import { noiseOf } from '../../model/noise-of.js';
import { measureRows, refusalOf } from './batch-proof.js';
import { makeInputs, sizeSettings } from './made-up-inputs.js';

const nsPerMs = 1e6;

/** A loaded version before its first request. */
export interface WarmUpSubject {
  readonly session: Pick<RunnerSession, 'loaded' | 'runOn'>;
  readonly header: OnnxHeader;
  readonly config: ModelConfig;
}

/** What was found out about the rows of a model; `asConfigured`: batching is as its configuration says. */
export interface Proof {
  readonly batching: 'asConfigured' | 'off';
  readonly notes: readonly string[];
}

/** Where batching is automatic, whether it is proven; else there is nothing to prove. */
export async function prove(subject: WarmUpSubject, isBatchingAutomatic: boolean): Promise<Proof> {
  if (!isBatchingAutomatic) return { batching: 'asConfigured', notes: [] };
  const { isProven, note } = await proveBatching(subject);
  return { batching: isProven ? 'asConfigured' : 'off', notes: note === undefined ? [] : [note] };
}

/** A model that is ready. */
export interface Warm {
  readonly config: ModelConfig;
  readonly notes: readonly string[];
  /** What a row took in the fastest run of the warm-up, in milliseconds. */
  readonly rowMs?: number;
}

/**
 * Makes a loaded model ready: batching is turned off where it is not proven, then every run size is warmed. Notes say what could
 * not be done, and why.
 */
export async function warm(subject: WarmUpSubject, proof: Proof): Promise<Warm> {
  const { batching } = subject.config;
  const isOff = proof.batching === 'off';
  const config = isOff ? { ...subject.config, batching: { ...batching, maxRows: 0, buckets: [] } } : subject.config;
  const warmed: Warmed = config.warmup ? await warmUp({ ...subject, config }) : {};
  const { problem, rowMs } = warmed;
  const measured = rowMs === undefined ? {} : { rowMs };
  if (problem === undefined) return { config, notes: proof.notes, ...measured };
  return {
    config,
    ...measured,
    notes: [...proof.notes, `Warm-up stopped: the model refused made-up inputs (${problem}).`],
  };
}

/**
 * Runs one row and every bucket once on every instance, with made-up inputs. Answers why it could not, where the model refuses
 * these inputs: that says nothing about real ones. Rejects when a worker was lost.
 */
async function warmUp(subject: WarmUpSubject): Promise<Warmed> {
  const { buckets, maxRows } = subject.config.batching;
  const sizes = maxRows === 0 ? [0] : [...new Set([1, ...buckets])];
  const instances = Array.from({ length: subject.session.loaded.instances }, (_, instance) => instance);
  const all = await Promise.all(instances.map((instance) => warmInstance(subject, instance, sizes)));
  const failed = all.find(({ problem }) => problem !== undefined);
  const rowMs = Math.min(...all.map((each) => each.rowMs ?? Infinity));
  return { ...failed, ...(rowMs === Infinity ? {} : { rowMs }) };
}

/** How it went: why it stopped, and what a row took. */
interface Warmed {
  readonly problem?: string;
  readonly rowMs?: number;
}

async function warmInstance(subject: WarmUpSubject, instance: number, sizes: readonly number[]): Promise<Warmed> {
  let rowMs = Infinity;
  for (const rows of sizes) {
    const { problem, ...warmed } = await tryFills(subject, instance, rows);
    if (problem !== undefined) return { problem };
    rowMs = Math.min(rowMs, warmed.rowMs ?? Infinity);
  }
  return rowMs === Infinity ? {} : { rowMs };
}

interface Verdict {
  readonly isProven: boolean;
  readonly note?: string;
}

/**
 * Whether rows of a model are independent of each other: the graph has to say so, and what is measured may not contradict it. A model
 * that refuses what is made up rests on the graph alone.
 */
async function proveBatching(subject: WarmUpSubject): Promise<Verdict> {
  const { session, header, config } = subject;
  if (config.batching.maxRows === 0) {
    const reason = findGraphObstacle(header);
    return reason === undefined ? { isProven: false } : off(reason);
  }
  if (!config.warmup) return onGraphAlone('"warmup" is false');
  const measured = await measureRows({
    run: async (requests) => (await runOnce(subject, 0, requests)).outputs,
    settings: sizeSettings(header, config),
    noise: noiseOf(header, session.loaded.placement.device),
  });
  if (measured.kind === 'obstacle') return off(measured.reason);
  if (measured.kind === 'agrees') return judgeSwitching(subject);
  return onGraphAlone(`the model refused made-up inputs: ${measured.problem}`);
}

/** Rows of the run that is set beside a run of one. */
const someRows = 8;
/** Less is lost in what a run varies by anyway. */
const leastSwitchMs = 1;

/** Rows that run together make runs of changing sizes, which cost more than they save where a GPU plans each change anew. */
async function judgeSwitching(subject: WarmUpSubject): Promise<Verdict> {
  const { config, session } = subject;
  const { device } = session.loaded.placement;
  if (device.startsWith('cpu')) return { isProven: true };
  const rows = Math.min(someRows, config.batching.maxRows);
  const time = async (count: number): Promise<number> => ((await tryFills(subject, 0, count)).rowMs ?? 0) * count;
  const { runMs, switchMs } = await measureSwitch(time, rows);
  if (switchMs < leastSwitchMs || switchMs < runMs) return { isProven: true };
  const [switching, running] = [switchMs, runMs].map((ms) => `${Number(ms.toPrecision(2))} ms`) as [string, string];
  return off(
    `on ${device} a run with another number of rows than the last one takes ${switching} longer, and one of ${rows} rows ${running}; batching.buckets with one size, such as [${rows}], avoids that`,
  );
}

const off = (reason: string): Verdict => ({ isProven: false, note: noteOnBatchingOff(reason) });

function onGraphAlone(problem: string): Verdict {
  return { isProven: true, note: `Batching relies on the graph alone, nothing was measured (${problem}).` };
}

/** Runs made-up inputs of the first size of the variable dimensions that the model takes; answers why it takes none. */
async function tryFills(subject: WarmUpSubject, instance: number, rows: number): Promise<Warmed> {
  let problem = '';
  for (const variable of variableSizes) {
    try {
      const options = { rows: Math.max(1, rows), variable, seed: 0 };
      const { timing } = await runOnce(subject, instance, [makeInputs(subject.header, subject.config, options)]);
      return { rowMs: timing.computeNs / nsPerMs / options.rows };
    } catch (error) {
      problem = refusalOf(error);
    }
  }
  return { problem };
}

async function runOnce(
  { session, header, config }: WarmUpSubject,
  instance: number,
  requests: readonly NamedTensors[],
): Promise<RunOutcome> {
  const rows = requests.reduce((sum, request) => sum + (firstDim(request) ?? 1), 0);
  const outputs = header.outputs.map(({ name }) => name);
  const job = { requests, rows: config.batching.maxRows === 0 ? 0 : rows, outputs };
  return session.runOn(instance, job);
}

function firstDim(request: NamedTensors): number | undefined {
  const [tensor] = request.values();
  return tensor?.shape[0];
}

/** What runs of a model take, in milliseconds. */
interface SwitchCost {
  readonly runMs: number;
  /** What a run takes beyond that after one of another number of rows. */
  readonly switchMs: number;
}

/** Runs so many rows, and answers what it took in milliseconds. */
type TimeRows = (rows: number) => Promise<number>;

const turns = 3;

/**
 * Some kernels of a GPU are planned anew whenever the shape changes, also back to one that they had before: cuDNN's convolutions in ONNX Runtime
 * 1.30. The least of several, so that what else the machine does is not taken for it.
 */
async function measureSwitch(time: TimeRows, rows: number): Promise<SwitchCost> {
  const runMs = await timeSteady(time, rows);
  const oneMs = await timeSteady(time, 1);
  let pairMs = Infinity;
  for (let turn = 0; turn < turns; turn += 1) pairMs = Math.min(pairMs, (await time(rows)) + (await time(1)));
  return { runMs, switchMs: Math.max(0, (pairMs - runMs - oneMs) / 2) };
}

/** What runs of one size take, after a first that nobody counts. */
async function timeSteady(time: TimeRows, rows: number): Promise<number> {
  await time(rows);
  let leastMs = Infinity;
  for (let turn = 0; turn < turns; turn += 1) leastMs = Math.min(leastMs, await time(rows));
  return leastMs;
}
