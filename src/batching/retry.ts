import { AppError } from '../errors.js';
import type { Entry } from './entry.js';

/**
 * Whether a request may succeed when its run is repeated: the worker was lost, or the fault may lie in the data of another
 * request of the run.
 */
export function isRepeatable(error: unknown, requestsInRun: number): boolean {
  if (!(error instanceof AppError)) return false;
  return error.code === 'WORKER_LOST' || (error.code === 'ENGINE_FAILED' && requestsInRun > 1);
}

/** The same request ahead of all others and in a group of its own; it was taken in time, so no deadline holds it now. */
export function retryOf(entry: Entry, retryNumber: number): Entry {
  return {
    ...entry,
    group: `retry ${retryNumber}`,
    rank: 0,
    dueMs: 0,
    deadlineMs: Number.POSITIVE_INFINITY,
    isRetry: true,
  };
}
