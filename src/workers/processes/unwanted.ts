import { AppError } from '../../errors.js';
import type { PoolWorker } from '../pool-worker.js';

/** Why a process was ended whose result nobody waits for any more. */
export const unwantedReason = 'nobody waits for it any more';

/** Throws WORKER_LOST where nobody waits for a load any more. */
export function refuseUnwanted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new AppError('WORKER_LOST', `The load was ended: ${unwantedReason}.`, { details: { cause: 'asked' } });
}

/** Ends those of these workers that are processes once nobody waits for them any more, until the function that is answered is called. */
export function endUnwanted(workers: readonly PoolWorker[], signal: AbortSignal | undefined): () => void {
  const end = (): void => {
    for (const worker of workers) worker.kill(unwantedReason);
  };
  if (signal?.aborted === true) end();
  else signal?.addEventListener('abort', end);
  return () => signal?.removeEventListener('abort', end);
}

/** Starts workers, and ends those that are processes where nobody waits for them any more. Rejects where one does not start. */
export async function startWanted(workers: readonly PoolWorker[], signal: AbortSignal | undefined): Promise<void> {
  const started = workers.map((worker) => worker.start());
  await Promise.all(started).finally(endUnwanted(workers, signal));
}
