import { AppError } from '../errors.js';

/** A queue without room; `retryAfterMs` in the details is the time that the waiting rows will take. */
export function queueFull(facts: {
  readonly model: string;
  readonly rows: number;
  readonly queuedRows: number;
  readonly maxQueueRows: number;
  readonly retryAfterMs: number;
}): AppError {
  const { model, rows, queuedRows, maxQueueRows } = facts;
  return new AppError(
    'QUEUE_FULL',
    `Exceeds maximum queue size: ${queuedRows} rows wait for model ${model}, so that ${rows} more pass its limit of ` +
      `${maxQueueRows} (batching.maxQueueRows). Retry later or add instances.`,
    { details: facts },
  );
}

/** A request that waited for longer than it, or its model, allows; `retryAfterMs` as of a full queue. */
export function queueTimeout(facts: {
  readonly model: string;
  readonly waitedMs: number;
  readonly limitMs: number;
  readonly retryAfterMs: number;
}): AppError {
  const { model, waitedMs, limitMs } = facts;
  return new AppError(
    'QUEUE_TIMEOUT',
    `Request timeout expired: no instance of model ${model} was free within ${limitMs} ms (waited ${waitedMs.toFixed(1)} ms).`,
    { details: facts },
  );
}

export function clientGone(model: string): AppError {
  return new AppError('CLIENT_GONE', `The client left before model ${model} answered.`);
}

export function shuttingDown(model: string): AppError {
  return new AppError('SHUTTING_DOWN', `Model ${model} is being unloaded and takes no more requests.`);
}
