import { AppError } from '../errors.js';
import type { BatchingConfig } from '../model/config.js';
import { concatRows, notRows, sliceRows } from '../tensor/rows.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';
import { devicesOf } from './merge.js';
import { faultOf, type JoiningFault } from './watch/repeat.js';
import type { InferResult, QueuedRequest } from './types.js';

/** Whether a request has to run in several pieces: it has more rows than a run, which nobody declared to be a limit. */
export function needsPieces({ rows, isAlone }: QueuedRequest, config: BatchingConfig): boolean {
  return config.maxRows > 0 && rows > config.maxRows && !config.isRequestLimit && isAlone === undefined;
}

/** Rows of each piece: alike, so that free workers end together; where runs are padded to buckets, full ones and a rest. */
export function piecesOf(rows: number, { maxRows, buckets }: BatchingConfig): readonly number[] {
  const count = Math.ceil(rows / maxRows);
  const most = buckets.length > 0 ? maxRows : Math.ceil(rows / count);
  return Array.from({ length: count }, (_, n) => Math.min(most, rows - n * most)).filter((size) => size > 0);
}

/** Runs a request in pieces; answers the fault where these fail, as they do where the model does not take the rows of a request apart. */
export async function tryPieces(
  request: QueuedRequest,
  config: BatchingConfig,
  run: (piece: QueuedRequest) => Promise<InferResult>,
): Promise<{ result?: InferResult; fault?: JoiningFault }> {
  try {
    return { result: await runPieces(request, config, run) };
  } catch (error) {
    const fault = faultOf(error);
    if (fault === undefined) throw error;
    return { fault };
  }
}

/** Runs a request in pieces with `run` and puts their answers together; where one fails, the others are given up. */
async function runPieces(
  request: QueuedRequest,
  config: BatchingConfig,
  run: (piece: QueuedRequest) => Promise<InferResult>,
): Promise<InferResult> {
  const end = new AbortController();
  const signal = request.signal === undefined ? end.signal : AbortSignal.any([end.signal, request.signal]);
  const pieces = cutPieces({ ...request, signal }, config);
  try {
    return joinPieces(pieces, await Promise.all(pieces.map(run)));
  } catch (error) {
    end.abort();
    throw error;
  }
}

/** Pieces have buffers of their own. Only the first has the request's time limit: once it runs, the request was taken in time. */
function cutPieces(request: QueuedRequest, config: BatchingConfig): readonly QueuedRequest[] {
  let from = 0;
  return piecesOf(request.rows, config).map((rows, n) => {
    const piece = { ...request, inputs: copyRows(request.inputs, from, rows), rows };
    from += rows;
    return n === 0 ? piece : { ...piece, queueTimeoutMs: Number.POSITIVE_INFINITY };
  });
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
  const rows = pieces.reduce((sum, piece) => sum + piece.rows, 0);
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
