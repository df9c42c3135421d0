import { AppError } from '../errors.js';
import { notRows, sliceRows } from '../tensor/rows.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';
import type { RunTiming } from '../workers/link/messages.js';
import type { RunJob } from '../workers/runner.js';
import type { InferTimings, QueuedRequest } from './types.js';

/** One run for all the requests: every output that any of them wants. */
export function mergeRequests(requests: readonly QueuedRequest[], rowsToRun: number): RunJob {
  return { requests: requests.map(({ inputs }) => inputs), rows: rowsToRun, outputs: unionOfOutputs(requests) };
}

function unionOfOutputs(requests: readonly QueuedRequest[]): readonly string[] {
  const wanted = requests[0]?.outputs ?? [];
  if (requests.every(({ outputs }) => outputs === wanted)) return wanted;
  return [...new Set(requests.flatMap(({ outputs }) => outputs))];
}

/** Rows of a run that belong to one request. */
export interface RowRange {
  readonly from: number;
  readonly count: number;
  /** Rows in the whole run, padding included; 0 where the model has no batch dimension. */
  readonly of: number;
}

/**
 * Cuts one request's rows out of a run's outputs, as views. Throws ENGINE_FAILED where an output is missing, or where rows
 * must be cut and its first dimension is not the number of rows that ran.
 */
export function splitOutputs(outputs: NamedTensors, wanted: readonly string[], range: RowRange): NamedTensors {
  const isWhole = range.of === 0 || range.of === range.count;
  if (isWhole && outputs.size === wanted.length) return outputs;
  const own = new Map<string, Tensor>();
  for (const name of wanted) {
    const tensor = outputs.get(name);
    if (tensor === undefined) throw new AppError('ENGINE_FAILED', `The run returned no output ${name}.`);
    own.set(name, isWhole ? tensor : cutRows(name, tensor, range));
  }
  return own;
}

function cutRows(name: string, tensor: Tensor, { from, count, of }: RowRange): Tensor {
  if (tensor.shape[0] === of) return sliceRows(tensor, from, count);
  throw notRows(name, tensor, of);
}

/** Where several runs were computed: their devices, each once; undefined where their session is on one alone. */
export function devicesOf(results: readonly { readonly device?: string | undefined }[]): string | undefined {
  const known = new Set(results.flatMap(({ device }) => (device === undefined ? [] : [device])));
  return known.size === 0 ? undefined : [...known].join(',');
}

/** A run's time, with the time that one of its requests had waited, in milliseconds. */
export function timingsOf({ inputNs, computeNs, outputNs, decodeNs }: RunTiming, queueMs: number): InferTimings {
  return {
    queueMs,
    inputMs: inputNs / 1e6,
    computeMs: computeNs / 1e6,
    outputMs: outputNs / 1e6,
    ...(decodeNs === undefined ? {} : { decodeMs: decodeNs / 1e6 }),
  };
}
