import { AppError } from '../errors.js';
import type { BatchingConfig } from '../model/config.js';
import { concatRows, notRows, sliceRows } from '../tensor/rows.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';
import type { RunCost } from './run-cost.js';
import { faultOf, type JoiningFault } from './watch/repeat.js';
import type { InferResult, QueuedRequest, InferTimings } from './types.js';
import type { RunTiming } from '../workers/link/link.js';
import type { RunJob } from '../workers/runner.js';

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

/** Whether a request has to run in several pieces: it has more rows than a run, which nobody declared to be a limit. */
export function needsPieces({ rows, isAlone }: QueuedRequest, config: BatchingConfig): boolean {
  return config.maxRows > 0 && rows > config.maxRows && !config.isRequestLimit && isAlone === undefined;
}

/** A run of so long is worth its hand-over: rows that cost next to nothing are not cut into runs of `maxRows`. */
const worthMs = 5;

/** Of so many pieces the first is run alone where no run has told yet what a row costs. */
const manyPieces = 64;

/**
 * Rows of each piece: alike, so that free workers end together; where runs are padded to buckets, full ones and a rest. A run takes
 * more than `maxRows` where so many are known to be computed within `worthMs`.
 */
export function piecesOf(rows: number, { maxRows, buckets }: BatchingConfig, rowsWorth = 0): readonly number[] {
  const full = buckets.length > 0 ? maxRows : Math.min(rows, Math.max(maxRows, rowsWorth));
  const count = Math.ceil(rows / full);
  const most = buckets.length > 0 ? full : Math.ceil(rows / count);
  return Array.from({ length: count }, (_, n) => Math.min(most, rows - n * most)).filter((size) => size > 0);
}

/** How pieces are run. */
export interface PieceRunner {
  readonly run: (piece: QueuedRequest) => Promise<InferResult>;
  readonly cost: Pick<RunCost, 'rowsWithin'>;
}

/** Runs a request in pieces; answers the fault where these fail, as they do where the model does not take the rows of a request apart. */
export async function tryPieces(
  request: QueuedRequest,
  config: BatchingConfig,
  runner: PieceRunner,
): Promise<{ result?: InferResult; fault?: JoiningFault }> {
  try {
    return { result: await runPieces(request, config, runner) };
  } catch (error) {
    const fault = faultOf(error);
    if (fault === undefined) throw error;
    return { fault };
  }
}

/** Runs a request in pieces and puts their answers together; where one fails, the others are given up. */
async function runPieces(
  request: QueuedRequest,
  config: BatchingConfig,
  { run, cost }: PieceRunner,
): Promise<InferResult> {
  const end = new AbortController();
  const signal = request.signal === undefined ? end.signal : AbortSignal.any([end.signal, request.signal]);
  const pieces: QueuedRequest[] = [];
  const results: InferResult[] = [];
  const runNext = async (sizes: readonly number[]): Promise<void> => {
    const next = cutPieces({ ...request, signal }, sizes, pieces);
    pieces.push(...next);
    results.push(...(await Promise.all(next.map(run))));
  };
  try {
    const isMany = request.rows > manyPieces * config.maxRows;
    if (isMany && cost.rowsWithin(worthMs) === undefined) await runNext([config.maxRows]);
    const left = request.rows - sumOf(pieces);
    await runNext(piecesOf(left, config, cost.rowsWithin(worthMs)));
    return joinPieces(pieces, results);
  } catch (error) {
    end.abort();
    throw error;
  }
}

/** Pieces have buffers of their own. Only the first has the request's time limit: once it runs, the request was taken in time. */
function cutPieces(
  request: QueuedRequest,
  sizes: readonly number[],
  before: readonly QueuedRequest[],
): readonly QueuedRequest[] {
  let from = sumOf(before);
  return sizes.map((rows) => {
    const piece = { ...request, inputs: copyRows(request.inputs, from, rows), rows };
    const isFirst = from === 0;
    from += rows;
    return isFirst ? piece : { ...piece, queueTimeoutMs: Number.POSITIVE_INFINITY };
  });
}

function sumOf(pieces: readonly { readonly rows: number }[]): number {
  return pieces.reduce((sum, { rows }) => sum + rows, 0);
}

function copyRows(inputs: NamedTensors, from: number, rows: number): NamedTensors {
  const copied = new Map<string, Tensor>();
  for (const [name, tensor] of inputs) {
    const part = sliceRows(tensor, from, rows);
    copied.set(name, part.datatype === 'BYTES' ? part : { ...part, data: part.data.slice() });
  }
  return copied;
}

/**
 * One answer of those of the pieces, in order. Times are the longest of each part. Throws as a run that cannot be cut where an
 * output has not one entry for each row.
 */
function joinPieces(pieces: readonly QueuedRequest[], results: readonly InferResult[]): InferResult {
  const rows = sumOf(pieces);
  const outputs = new Map<string, Tensor>();
  for (const name of results[0]?.outputs.keys() ?? []) {
    const parts = results.map((result) => result.outputs.get(name) as Tensor);
    for (const [n, part] of parts.entries()) {
      const own = pieces[n]?.rows ?? 0;
      if (part.shape[0] !== own) throw notRows(name, part, own);
      if (part.shape.slice(1).join() !== parts[0]?.shape.slice(1).join()) throw unlike(name, rows);
    }
    outputs.set(name, concatRows(parts, rows));
  }
  const longest = (pick: (result: InferResult) => number): number => Math.max(...results.map(pick));
  return {
    outputs,
    timings: {
      queueMs: longest(({ timings }) => timings.queueMs),
      inputMs: longest(({ timings }) => timings.inputMs),
      computeMs: longest(({ timings }) => timings.computeMs),
      outputMs: longest(({ timings }) => timings.outputMs),
    },
    device: devicesOf(results),
    batchRows: longest(({ batchRows }) => batchRows),
    batchRequests: longest(({ batchRequests }) => batchRequests),
  };
}

function unlike(name: string, rows: number): AppError {
  const text = `Output ${name} has another shape for each piece of a request of ${rows} rows.`;
  return new AppError('ENGINE_FAILED', text, { details: { uncut: name } });
}
