import type { SessionSpec } from '../../src/engine/engine.js';
import type { PendingRun, RunJob, RunnerSession, RunOutcome } from '../../src/workers/runner.js';
import type { Tensor } from '../../src/tensor/tensor.js';

/** A queue that a session pulls from. */
export class Queue {
  readonly waiting: PendingRun[] = [];
  readonly next = (): PendingRun | undefined => this.waiting.shift();

  run(session: RunnerSession, job: RunJob): Promise<RunOutcome> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ job, resolve, reject });
      session.wake();
    });
  }
}

export const specOf = (modelPath: string, logId = 'm'): SessionSpec => ({
  modelPath,
  logId,
  provider: 'cpu',
  deviceId: 0,
  strict: false,
  intraOpThreads: 1,
  optimised: false,
});

/** INT32 [rows,16], counting up. */
export const ints = (rows: number, first: number): Tensor => ({
  datatype: 'INT32',
  shape: [rows, 16],
  data: Int32Array.from({ length: rows * 16 }, (_, index) => first + index),
});

/** A + B on one row, answering `outputs`. */
export const sumJob = (a: number, b: number, outputs: readonly string[] = ['S']): RunJob => ({
  requests: [
    new Map([
      ['A', ints(1, a)],
      ['B', ints(1, b)],
    ]),
  ],
  rows: 1,
  outputs,
});

/** Ones for a model that takes FP32 [rows,width]. */
export const onesJob = (rows: number, width: number): RunJob => ({
  requests: [
    new Map([['X', { datatype: 'FP32', shape: [rows, width], data: new Float32Array(rows * width).fill(1) }]]),
  ],
  rows,
  outputs: ['Y'],
});

export const firstSum = (outcome: RunOutcome): number | undefined => (outcome.outputs.get('S')?.data as Int32Array)[0];
