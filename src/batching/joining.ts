import type { BatchingConfig } from '../model/config.js';
import type { NamedTensors } from '../tensor/tensor.js';
import { isAborted, type Entry } from './queue.js';
import { faultOf, type JoiningFault, Repeat } from './watch/repeat.js';
import type { BatcherOptions, SharedRun } from './types.js';
import { Watch } from './watch/watch.js';
import { AppError } from '../errors.js';

/** A run that failed. */
export interface FailedRun extends SharedRun {
  readonly requests: readonly Entry[];
  readonly error: unknown;
  /** Inputs of every request, where their buffers had moved and came back. */
  readonly inputs: readonly NamedTensors[] | undefined;
}

/** Whether a request of the run had company: other requests, or padding. */
export function isShared({ requests, rows, rowsToRun }: SharedRun): boolean {
  return requests.length > 1 || rowsToRun > rows;
}

/**
 * - Whether requests of the model still share runs; once that goes wrong they do not any more.
 * - What becomes of the requests of a run that failed.
 */
export class Joining {
  readonly #options: BatcherOptions;
  #config: BatchingConfig;
  /** Undefined where runs are not checked. */
  readonly watch: Watch | undefined;
  #retries = 0;

  constructor(options: BatcherOptions) {
    this.#options = options;
    this.#config = options.config;
    this.watch = options.watch && new Watch(options.watch, (fault) => this.stop(fault));
  }

  /** As it is now. */
  get config(): BatchingConfig {
    return this.#config;
  }

  /** From here on every request runs alone and whole. */
  stop(fault: JoiningFault): void {
    this.watch?.end();
    if (this.#config.maxRows === 0) return;
    this.#config = { ...this.#config, maxRows: 0, isRequestLimit: false, buckets: [] };
    this.#options.onJoiningFault?.(fault);
  }

  /** For each request of a failed run, what to repeat it as, alone; undefined where it has failed for good. */
  retriesOf(run: FailedRun): readonly (Entry | undefined)[] {
    const { requests, error, inputs } = run;
    const fault = isShared(run) ? faultOf(error) : undefined;
    if (fault?.kind === 'uncut') this.stop(fault);
    if (fault !== undefined) this.#options.onRepeat?.();
    const repeat = fault === undefined ? undefined : new Repeat(fault, requests.length);
    return requests.map((entry, index) => {
      const own = inputs?.[index];
      const request = own === undefined ? entry.request : { ...entry.request, inputs: own };
      if (!entry.isRetry && !isAborted(entry) && isRepeatable(error, isShared(run)) && isIntact(request.inputs)) {
        return retryOf(entry, (this.#retries += 1), { request, repeat });
      }
      repeat?.note(false);
      return undefined;
    });
  }

  /** Notes how a request that was repeated fared: where all of its run succeed alone, joining them was at fault. */
  noteEnd({ repeat }: Entry, isSuccess: boolean): void {
    const fault = repeat?.note(isSuccess);
    if (fault !== undefined) this.stop(fault);
  }
}

/**
 * Whether a request may succeed when its run is repeated: the worker was lost by another's fault, or the fault may lie in what it
 * shared the run with, another request or padding. What alone ended a process would end the next one too.
 */
function isRepeatable(error: unknown, isShared: boolean): boolean {
  if (!(error instanceof AppError)) return false;
  if (error.code === 'WORKER_LOST') return isShared || error.details['endedIt'] !== true;
  return error.code === 'ENGINE_FAILED' && isShared;
}

/** Whether a request still has its data: the buffers of large inputs moved to the worker, and are lost where they did not come back. */
function isIntact(inputs: NamedTensors): boolean {
  for (const { data, shape } of inputs.values()) if (data.length === 0 && !shape.includes(0)) return false;
  return true;
}

/** The same request ahead of all others and in a group of its own; it was taken in time, so no deadline holds it now. */
function retryOf(entry: Entry, retryNumber: number, rest: Pick<Entry, 'request' | 'repeat'>): Entry {
  return {
    ...entry,
    ...rest,
    group: `retry ${retryNumber}`,
    rank: 0,
    dueMs: 0,
    deadlineMs: Number.POSITIVE_INFINITY,
    isRetry: true,
  };
}
