import { AppError } from '../errors.js';
import type { CpuBudget, ThreadBudget } from './types.js';

/** Thread counts that the user insists on. */
export interface ThreadRequest {
  readonly workers?: number;
  readonly intraOpThreads?: number;
  readonly codecThreads?: number;
  readonly imageThreads?: number;
  readonly ioThreads?: number;
}

/** Beyond this many workers further CPUs go into each worker: every worker costs memory, and one request gains from threads. */
const mostWorkers = 8;

/** As many as can decode while others infer; each costs a few megabytes. */
const mostCodecThreads = 8;

/**
 * Divides the CPUs: one worker a CPU with one thread each, up to 8 workers; then more threads a worker. Images are decoded by as many threads beside them, up to 8. Wishes are kept;
 * throws USAGE for one that is not a positive integer, and where workers x intraOpThreads is more than the CPUs.
 */
export function divideThreads(budget: CpuBudget, request: ThreadRequest = {}): ThreadBudget {
  for (const [name, count] of Object.entries(request)) checkCount(name, count as number | undefined);
  const { cpus } = budget;
  const workers =
    request.workers ?? Math.min(mostWorkers, Math.max(1, Math.floor(cpus / (request.intraOpThreads ?? 1))));
  const intraOpThreads = request.intraOpThreads ?? Math.max(1, Math.floor(cpus / workers));
  if (workers * intraOpThreads > cpus) refuse({ workers, intraOpThreads }, budget);
  return {
    ...budget,
    workers,
    intraOpThreads,
    codecThreads: request.codecThreads ?? Math.min(mostCodecThreads, cpus),
    imageThreads: request.imageThreads ?? 1,
    ioThreads: request.ioThreads ?? Math.max(4, cpus),
  };
}

function checkCount(name: string, count: number | undefined): void {
  if (count === undefined || (Number.isSafeInteger(count) && count > 0)) return;
  throw new AppError('USAGE', `${name} is ${count}, expected a positive integer.`, { details: { [name]: count } });
}

function refuse(
  counts: { readonly workers: number; readonly intraOpThreads: number },
  { cpus, source }: CpuBudget,
): never {
  const { workers, intraOpThreads } = counts;
  throw new AppError(
    'USAGE',
    `${workers} workers x ${intraOpThreads} threads need ${workers * intraOpThreads} CPUs, but this process may use ${cpus} (${source}): ask for fewer, or give it more CPUs.`,
    { details: { workers, intraOpThreads, cpus, source } },
  );
}
