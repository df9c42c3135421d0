import { AppError } from '../errors.js';
import type { NamedTensors } from '../tensor/tensor.js';
import type { Entry } from './entry.js';

/**
 * Whether a request may succeed when its run is repeated: the worker was lost by another's fault, or the fault may lie in what it
 * shared the run with, another request or padding. What alone ended a process would end the next one too.
 */
export function isRepeatable(error: unknown, isShared: boolean): boolean {
  if (!(error instanceof AppError)) return false;
  if (error.code === 'WORKER_LOST') return isShared || error.details['endedIt'] !== true;
  return error.code === 'ENGINE_FAILED' && isShared;
}

/** Whether a request still has its data: the buffers of large inputs moved to the worker, and are lost where they did not come back. */
export function isIntact(inputs: NamedTensors): boolean {
  for (const { data, shape } of inputs.values()) if (data.length === 0 && !shape.includes(0)) return false;
  return true;
}

/** The same request ahead of all others and in a group of its own; it was taken in time, so no deadline holds it now. */
export function retryOf(entry: Entry, retryNumber: number, rest: Pick<Entry, 'request' | 'repeat'>): Entry {
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
