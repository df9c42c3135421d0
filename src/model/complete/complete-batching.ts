import type { ModelJson } from '../config-schema.js';
import type { BatchingConfig, HeaderValue, OnnxHeader, ProviderName } from '../config.js';
import { contradiction, describeValue } from './contradiction.js';

type BatchingJson = NonNullable<ModelJson['batching']>;

const defaultMaxRows = 32;
const defaultMaxQueueRows = 1024;
const defaultMaxQueueMs = 2000;

/**
 * Batching of a model: as model.json says; where it gives neither `maxRows` nor `buckets`, on when the graph is proven to keep
 * rows apart. GPUs get buckets of powers of two, since a GPU provider pays for every new shape.
 */
export function completeBatching(json: BatchingJson = {}, header: OnnxHeader, provider: ProviderName): BatchingConfig {
  const maxRows = json.maxRows ?? json.buckets?.at(-1) ?? (header.rows?.proven === true ? defaultMaxRows : 0);
  if (!isBatchingAutomatic(json)) checkWish(json, maxRows, header);
  const maxQueueRows = json.maxQueueRows ?? Math.max(defaultMaxQueueRows, maxRows);
  if (maxQueueRows < maxRows) {
    throw contradiction(
      `batching.maxQueueRows is ${maxQueueRows}, less than the ${maxRows} rows of one run`,
      `Set it to ${maxRows} or more`,
    );
  }
  return {
    maxRows,
    isRequestLimit: maxRows > 0 && !isBatchingAutomatic(json),
    maxDelayMs: json.maxDelayMs ?? 0,
    buckets: json.buckets ?? (provider === 'cpu' ? [] : powersOfTwo(maxRows)),
    maxQueueRows,
    // Who gives a number of rows means that many, however long they take.
    maxQueueMs: json.maxQueueMs ?? (json.maxQueueRows === undefined ? defaultMaxQueueMs : 0),
    queueTimeoutMs: json.queueTimeoutMs ?? 0,
  };
}

/** Whether model.json leaves batching to the graph, so that it has yet to be measured on the loaded model. */
export function isBatchingAutomatic(json: BatchingJson = {}): boolean {
  return json.maxRows === undefined && json.buckets === undefined;
}

/** Most rows of one request: Infinity where any number is taken, 0 where the first dimension counts no rows. */
export function mostRequestRows({ maxRows, isRequestLimit }: BatchingConfig): number {
  return maxRows > 0 && !isRequestLimit ? Number.POSITIVE_INFINITY : maxRows;
}

/** Why batching is left off for a model whose inputs could hold rows; undefined where it is not, or where they could not. */
export function findGraphObstacle({ inputs, rows }: OnnxHeader): string | undefined {
  const couldHoldRows = inputs.length > 0 && inputs.every(({ shape }) => shape[0] === -1);
  return couldHoldRows && rows?.proven === false ? rows.reason : undefined;
}

/** What people are told where it is left off for a reason. */
export const noteOnBatchingOff = (reason: string): string =>
  `Batching is off: ${reason}. Set batching.maxRows in model.json to turn it on, or to 0 to keep it off without this note.`;

function checkWish(json: BatchingJson, maxRows: number, { inputs, outputs }: OnnxHeader): void {
  if (maxRows > 0) {
    const isFixed = (value: HeaderValue) => value.unranked === undefined && value.shape[0] !== -1;
    const input = inputs.find(isFixed);
    const output = outputs.find(isFixed);
    const fixed = input === undefined ? output && describeValue('output', output) : describeValue('input', input);
    if (fixed !== undefined || inputs.length === 0) {
      throw contradiction(
        `batching asks for up to ${maxRows} rows per run, but ${fixed ?? 'a model without inputs'} has no variable first dimension`,
        'Export the model with a variable batch dimension, or set batching.maxRows to 0',
      );
    }
  }
  checkBuckets(json.buckets ?? [], maxRows);
}

function checkBuckets(buckets: readonly number[], maxRows: number): void {
  const ascend = buckets.every((rows, index) => index === 0 || rows > (buckets[index - 1] ?? 0));
  const last = buckets.at(-1) ?? maxRows;
  if (ascend && last === maxRows) return;
  throw contradiction(
    `batching.buckets is [${buckets.join(', ')}] and batching.maxRows ${maxRows}`,
    'Expected ascending row counts, the last one equal to maxRows',
  );
}

function powersOfTwo(maxRows: number): readonly number[] {
  const buckets: number[] = [];
  for (let rows = 1; rows < maxRows; rows *= 2) buckets.push(rows);
  return maxRows === 0 ? [] : [...buckets, maxRows];
}
