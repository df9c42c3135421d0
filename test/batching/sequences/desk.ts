import assert from 'node:assert/strict';
import { SequenceTable } from '../../../src/batching/sequences/table.js';
import type { SequenceEvent } from '../../../src/batching/sequences/types.js';
import type { InferResult, QueuedRequest } from '../../../src/batching/types.js';
import { AppError, type ErrorCode } from '../../../src/errors.js';
import type { HeaderValue, SequenceConfig } from '../../../src/model/config.js';
import type { NumericTensor } from '../../../src/tensor/tensor.js';

const value = (name: string): HeaderValue => ({ name, datatype: 'FP32', shape: [-1, 2], dimNames: ['N', ''] });
const inputs = [value('S'), value('X')];
const state: SequenceConfig['state'] = [
  { input: 'S', output: 'T', datatype: 'FP32', shape: [-1, 2], initial: [{ input: 'X', axis: 0 }, 2] },
];

/** Rows of a number and its double. */
export function tensor(rows: readonly number[]): NumericTensor {
  return {
    datatype: 'FP32',
    shape: [rows.length, 2],
    data: Float32Array.from(rows.flatMap((row) => [row, 2 * row])),
  };
}

/** A request of such rows. */
export const requestOf = (...rows: readonly number[]): QueuedRequest => ({
  inputs: new Map([['X', tensor(rows)]]),
  outputs: ['Y'],
  rows: rows.length,
  priority: 0,
  queueTimeoutMs: 0,
});

/** A result of these outputs. */
export const result = (outputs: InferResult['outputs']): InferResult => ({
  outputs,
  timings: { queueMs: 0, inputMs: 0, computeMs: 0, outputMs: 0 },
  batchRows: 1,
  batchRequests: 1,
});

/** T = S + X and Y = 10 T, computed with memory that is overwritten afterwards, as a shared run's may be. */
export function add({ inputs: given }: QueuedRequest): Promise<InferResult> {
  const [s, x] = ['S', 'X'].map((name) => given.get(name) as NumericTensor);
  const data = Float32Array.from(s!.data as Float32Array, (own, n) => own + Number(x!.data[n]));
  const answer = result(
    new Map([
      ['T', { ...s!, data }],
      ['Y', { ...s!, data: data.map((own) => 10 * own) }],
    ]),
  );
  setImmediate(() => data.fill(Number.NaN));
  (s!.data as Float32Array).fill(Number.NaN);
  return Promise.resolve(answer);
}

/** A table with what it is given. */
interface Desk {
  readonly table: SequenceTable;
  readonly events: Partial<Record<SequenceEvent, number>>;
  readonly clock: { nowMs: number };
  readonly memory: { used: number; limit: number };
}

/** A table for two sequences, a minute each, unless told otherwise. */
export function openTable(config: Partial<SequenceConfig> = {}, queueTimeoutMs = 0): Desk {
  const clock = { nowMs: 1000 };
  const memory = { used: 0, limit: Infinity };
  const events: Partial<Record<SequenceEvent, number>> = {};
  const table = new SequenceTable({
    model: "'m' version 1",
    config: { state, maxIdleMs: 60_000, maxActive: 2, ...config },
    inputs,
    queueTimeoutMs,
    memory: {
      take: (bytes) => {
        if (memory.used + bytes > memory.limit) throw new AppError('MEMORY_FULL', 'no room');
        memory.used += bytes;
      },
      give: (bytes) => (memory.used -= bytes),
    },
    clock: () => clock.nowMs,
    onEvent: (event, count) => (events[event] = (events[event] ?? 0) + count),
  });
  return { table, events, clock, memory };
}

/** Which request of a sequence. */
export const start = (id: string) => ({ id, isStart: true, isEnd: false });
export const next = (id: string) => ({ id, isStart: false, isEnd: false });
export const end = (id: string) => ({ id, isStart: false, isEnd: true });

/** The numbers of Y. */
export const sumsOf = ({ outputs }: InferResult): readonly number[] => [...(outputs.get('Y')?.data as Float32Array)];

/** Asserts that a request fails with this code and text. */
export async function failsWith(promise: Promise<unknown>, code: ErrorCode, text: RegExp): Promise<void> {
  await assert.rejects(promise, (error: AppError) => {
    assert.equal(error.code, code, error.message);
    assert.match(error.message, text);
    return true;
  });
}
