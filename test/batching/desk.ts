import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { AppError } from '../../src/errors.js';
import { createBatcher } from '../../src/batching/batcher.js';
import type { JoiningFault } from '../../src/batching/watch/repeat.js';
import type { Batcher, BatcherOptions, InferResult, QueuedRequest, RunRecord } from '../../src/batching/types.js';
import type { BatchingConfig } from '../../src/model/config.js';
import { concatRows } from '../../src/tensor/rows.js';
import type { NamedTensors, NumericTensor, Tensor } from '../../src/tensor/tensor.js';
import type { PendingRun, RunOutcome } from '../../src/workers/runner.js';

export const timing = { inputNs: 1e6, computeNs: 2e6, outputNs: 3e6 };

const defaults: BatchingConfig = {
  maxRows: 8,
  isRequestLimit: false,
  maxDelayMs: 0,
  buckets: [],
  maxQueueRows: 100,
  maxQueueMs: 0,
  queueTimeoutMs: 0,
};

/** A batcher at whose workers' end the test itself sits, with a clock that only the test moves. */
export interface Desk {
  readonly batcher: Batcher;
  readonly records: RunRecord[];
  /** Faults of joining that were told. */
  readonly faults: JoiningFault[];
  /** Workers that are free; `take` lowers it, `free` raises it. */
  freeWorkers: number;
  /** Runs taken by wakes and not yet answered. */
  readonly taken: PendingRun[];
  /** Lets free workers take what there is. */
  pull(): void;
  /** Lets timers and immediates of so many milliseconds pass. */
  pass(ms: number): void;
  nowMs(): number;
}

/** Enables node:test's timers: the test resets them. */
export function openDesk(
  config: Partial<BatchingConfig> = {},
  freeWorkers = 0,
  inline?: BatcherOptions['inline'],
): Desk {
  mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] });
  let clockMs = 1000;
  const records: RunRecord[] = [];
  const faults: JoiningFault[] = [];
  const taken: PendingRun[] = [];
  const pull = (): void => {
    while (desk.freeWorkers > 0) {
      const run = batcher.next(desk.freeWorkers);
      if (run === undefined) return;
      desk.freeWorkers -= 1;
      taken.push(run);
    }
  };
  const batcher = createBatcher({
    model: 'm',
    config: { ...defaults, ...config },
    wake: pull,
    hasFreeWorker: () => desk.freeWorkers > 0,
    inline,
    clock: () => clockMs,
    onRun: (record) => records.push(record),
    onJoiningFault: (fault) => faults.push(fault),
  });
  const desk: Desk = {
    batcher,
    records,
    faults,
    freeWorkers,
    taken,
    pull,
    nowMs: () => clockMs,
    pass(ms) {
      for (let step = 0; step < ms; step += 1) {
        clockMs += 1;
        mock.timers.tick(1);
      }
      if (ms === 0) mock.timers.tick(0);
    },
  };
  return desk;
}

/** A request of rows of `width` INT32, each filled with its number, as X. */
export function request(
  numbers: readonly number[],
  more: Partial<QueuedRequest> & { width?: number } = {},
): QueuedRequest {
  const { width = 2, ...rest } = more;
  const data = Int32Array.from(numbers.flatMap((value) => Array.from({ length: width }, () => value)));
  const x: NumericTensor = { datatype: 'INT32', shape: [numbers.length, width], data };
  return {
    inputs: new Map([['X', x]]),
    outputs: ['Y'],
    rows: numbers.length,
    priority: 0,
    queueTimeoutMs: 0,
    ...rest,
  };
}

/** What the model Y = X answers, with a Z that is X too. */
export function echo({ job }: PendingRun): RunOutcome {
  const inputs = job.requests.map((request) => request.get('X')) as [Tensor, ...Tensor[]];
  const y = job.rows === 0 ? inputs[0] : concatRows(inputs, job.rows);
  const all: NamedTensors = new Map([
    ['Y', y],
    ['Z', y],
  ]);
  return { outputs: new Map([...all].filter(([name]) => job.outputs.includes(name))), timing };
}

/** First element of each row of an output. */
export function numbersOf(result: InferResult, output = 'Y'): readonly number[] {
  const { shape, data } = result.outputs.get(output) as NumericTensor;
  const width = shape[1] ?? 1;
  return Array.from({ length: shape[0] ?? 0 }, (_, row) => Number(data[row * width]));
}

/** For assert.rejects: our own error with this code and, if given, words. */
export const refusedWith = (code: string, words?: RegExp) => (error: unknown) => {
  assert.ok(error instanceof AppError);
  assert.equal(error.code, code);
  if (words !== undefined) assert.match(error.message, words);
  return true;
};

/** The numbers of the requests of each run taken. */
export const runsOf = (desk: Desk) =>
  desk.taken.map((run) => run.job.requests.map((inputs) => Array.from(inputs.get('X')!.data as Int32Array)[0]));
