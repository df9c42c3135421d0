import { AppError } from '../../errors.js';

const begin = 'begin it again with sequence_start';

/** No such sequence runs; `ended`: why it does not any more, where that is known. */
export function notRunning(id: string, model: string, ended: string | undefined): AppError {
  const why =
    ended ??
    'none of it was begun on this version, or it has ended, idled too long, or its model was loaded again, and its state is gone';
  return new AppError(
    'INVALID_INPUT',
    `inference request for sequence '${id}' to model ${model} must specify the START flag on the first request of the sequence: ${why}; ${begin}`,
  );
}

/** As many sequences run as may. */
export function tooManySequences(
  model: string,
  { maxActive, retryAfterMs }: { readonly maxActive: number; readonly retryAfterMs: number },
): AppError {
  return new AppError(
    'QUEUE_FULL',
    `Model ${model} keeps the state of ${maxActive} sequences, the most that it may (sequences.maxActive): end some with sequence_end, or retry when one has idled too long.`,
    { details: { maxActive, retryAfterMs } },
  );
}

/** A request that was sent behind one that failed: its answer would leave that one out. */
export function afterFailure(id: string): AppError {
  return new AppError(
    'INVALID_INPUT',
    `The request before this one in sequence '${id}' failed, so that this one was not run: the state is as it was before both; send them again in order.`,
  );
}
