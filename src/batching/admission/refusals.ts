import { refusal, type AppError } from '../../errors.js';

/** A queue without room; `retryAfterMs` in the details is the time that the waiting rows will take. */
export function queueFull(facts: {
  readonly model: string;
  readonly rows: number;
  readonly queuedRows: number;
  readonly maxQueueRows: number;
  readonly retryAfterMs: number;
}): AppError {
  const { model, rows, queuedRows, maxQueueRows } = facts;
  return refusal(
    'QUEUE_FULL',
    `Exceeds maximum queue size: ${queuedRows} rows wait for model ${model}, and ${rows} more would exceed its limit of ` +
      `${maxQueueRows} (batching.maxQueueRows). Retry later or add instances.`,
    { details: facts },
  );
}

/** Requests that were taken before will take longer than a request may wait; `retryAfterMs`: how long. */
export function queueTooLong(facts: {
  readonly model: string;
  readonly requests: number;
  readonly limitMs: number;
  readonly retryAfterMs: number;
}): AppError {
  const { model, requests, limitMs, retryAfterMs } = facts;
  return refusal(
    'QUEUE_FULL',
    `Exceeds maximum queue size: ${requests} requests are before this one at model ${model} and will take about ${retryAfterMs} ms, ` +
      `more than its limit of ${limitMs} ms (batching.maxQueueMs). Retry later or add instances.`,
    { details: facts },
  );
}

/** As many requests are under way as a model may have, by the rows that may wait for it; `retryAfterMs`: how long they will take. */
export function tooManyRequests(facts: {
  readonly model: string;
  readonly requests: number;
  readonly mostRequests: number;
  readonly retryAfterMs: number;
}): AppError {
  const { model, requests, mostRequests } = facts;
  return refusal(
    'QUEUE_FULL',
    `Exceeds maximum queue size: ${requests} requests are in progress at model ${model}, which may have ${mostRequests}, twice what may run ` +
      `and wait (batching.maxQueueRows). Retry later or add instances.`,
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
  return refusal(
    'QUEUE_TIMEOUT',
    `Request timeout expired: no instance of model ${model} was free within ${limitMs} ms (waited ${waitedMs.toFixed(1)} ms).`,
    { details: facts },
  );
}

/** The client has closed its connection. */
export function clientGone(model: string): AppError {
  return refusal('CLIENT_GONE', `The client left before model ${model} answered.`);
}

/** The model is being unloaded. */
export function shuttingDown(model: string): AppError {
  return refusal('SHUTTING_DOWN', `Model ${model} is being unloaded and accepts no more requests.`);
}
