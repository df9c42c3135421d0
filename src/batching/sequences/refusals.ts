import { AppError } from '../../errors.js';

const begin = 'start it again with sequence_start';

/** No such sequence runs; `ended`: why it does not any more, where that is known. */
export function notRunning(id: string, model: string, ended: string | undefined): AppError {
  const why =
    ended ??
    'it was never started on this version, or it has ended, was idle too long, or its model was reloaded, and its state is gone';
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
    `Model ${model} keeps the state of ${maxActive} sequences, its maximum (sequences.maxActive): end some with sequence_end, or retry when one has expired.`,
    { details: { maxActive, retryAfterMs } },
  );
}

/** A request that was sent behind one that failed: its answer would leave that one out. */
export function afterFailure(id: string): AppError {
  return new AppError(
    'INVALID_INPUT',
    `The request before this one in sequence '${id}' failed, so this one was not run: the state is unchanged; send both again in order.`,
  );
}
