import { findGraphObstacle } from '../model/complete-batching.js';
import type { ModelConfig, OnnxHeader } from '../model/config.js';
import { variableSizes } from '../tensor/drawn.js';
import type { NamedTensors } from '../tensor/tensor.js';
import type { RunnerSession } from '../workers/runner.js';
import { findBatchObstacle, refusalOf } from './batch-proof.js';
import { makeInputs } from './made-up-inputs.js';

export interface WarmUpSubject {
  readonly session: RunnerSession;
  readonly header: OnnxHeader;
  readonly config: ModelConfig;
}

/**
 * Makes a loaded model ready: where batching is automatic it is proven and else turned off, then every run size is warmed.
 * Notes say what could not be done, and why.
 */
export async function warmAndProve(
  subject: WarmUpSubject,
  isBatchingAutomatic: boolean,
): Promise<{ readonly config: ModelConfig; readonly notes: readonly string[] }> {
  const notes: string[] = [];
  let { config } = subject;
  const obstacle = isBatchingAutomatic ? await findObstacle(subject) : undefined;
  if (obstacle !== undefined) {
    config = { ...config, batching: { ...config.batching, maxRows: 0, buckets: [] } };
    notes.push(`Batching is off: ${obstacle}. Set batching.maxRows in model.json to turn it on, or to 0 to agree.`);
  }
  const problem = config.warmup ? await warmUp({ ...subject, config }) : undefined;
  if (problem !== undefined) notes.push(`Warm-up stopped: the model refused made-up inputs (${problem}).`);
  return { config, notes };
}

/** What the graph says against batching, or else what a measurement does. */
async function findObstacle(subject: WarmUpSubject): Promise<string | undefined> {
  if (subject.config.batching.maxRows === 0) return findGraphObstacle(subject.header);
  return proveBatching(subject);
}

/**
 * Runs one row and every bucket once on every instance, with made-up inputs. Answers why it could not, where the model refuses
 * these inputs: that says nothing about real ones. Rejects when a worker was lost.
 */
async function warmUp(subject: WarmUpSubject): Promise<string | undefined> {
  const { buckets, maxRows } = subject.config.batching;
  const sizes = maxRows === 0 ? [0] : [...new Set([1, ...buckets])];
  const instances = Array.from({ length: subject.session.loaded.instances }, (_, instance) => instance);
  const problems = await Promise.all(instances.map((instance) => warmInstance(subject, instance, sizes)));
  return problems.find((problem) => problem !== undefined);
}

async function warmInstance(
  subject: WarmUpSubject,
  instance: number,
  sizes: readonly number[],
): Promise<string | undefined> {
  let problem: string | undefined;
  for (const rows of sizes) problem ??= (await tryFills(subject, instance, rows)).problem;
  return problem;
}

/**
 * Why a model that declares a batch dimension may not be batched: two rows together must give what each gives alone.
 * Undefined when they do.
 */
async function proveBatching(subject: WarmUpSubject): Promise<string | undefined> {
  const { fill, problem } = await tryFills(subject, 0, 1);
  if (problem !== undefined) return `it could not be tried with made-up inputs (${problem})`;
  const run = (requests: readonly NamedTensors[]) => runOnce(subject, 0, requests);
  const makeRow = (seed: number) => makeInputs(subject.header, subject.config, { rows: 1, variable: fill, seed });
  return findBatchObstacle(run, makeRow);
}

interface Attempt {
  readonly fill: number;
  readonly problem?: string;
}

/** The first size of the variable dimensions with which the model runs. */
async function tryFills(subject: WarmUpSubject, instance: number, rows: number): Promise<Attempt> {
  let problem = '';
  for (const fill of variableSizes) {
    try {
      const options = { rows: Math.max(1, rows), variable: fill, seed: 0 };
      await runOnce(subject, instance, [makeInputs(subject.header, subject.config, options)]);
      return { fill };
    } catch (error) {
      problem = refusalOf(error);
    }
  }
  return { fill: 1, problem };
}

async function runOnce(
  { session, header, config }: WarmUpSubject,
  instance: number,
  requests: readonly NamedTensors[],
): Promise<NamedTensors> {
  const rows = requests.reduce((sum, request) => sum + (firstDim(request) ?? 1), 0);
  const outputs = header.outputs.map(({ name }) => name);
  const job = { requests, rows: config.batching.maxRows === 0 ? 0 : rows, outputs };
  return (await session.runOn(instance, job)).outputs;
}

function firstDim(request: NamedTensors): number | undefined {
  const [tensor] = request.values();
  return tensor?.shape[0];
}
