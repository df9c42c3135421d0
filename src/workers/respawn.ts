import { restartDelayMs, workerRestartDelays, type RestartDelays } from '../restart-policy.js';

/** When lost workers are started again; each restart within the window waits longer. */
export interface RespawnPolicy extends RestartDelays {
  /** Losses within `windowMs` after which no worker is started any more. */
  readonly maxLosses: number;
  readonly windowMs: number;
}

/** Five losses in a minute are too many. */
export const defaultRespawnPolicy: RespawnPolicy = {
  maxLosses: 5,
  windowMs: 60_000,
  ...workerRestartDelays,
};

/** That a worker was lost, at a time in milliseconds. */
export interface Loss {
  readonly atMs: number;
  /**
   * Only one request is to blame: it asked for a result that memory does not hold, or the process had answered others before. The next request may
   * be served, but nobody may ask so all the time.
   */
  readonly isRequestFault: boolean;
}

/** What to do after a worker was lost, given all losses (ascending, this one last). What requests are to blame for makes the next start wait, and no more. */
export function decideRespawn(
  losses: readonly Loss[],
  policy: RespawnPolicy,
): { readonly kind: 'restart'; readonly delayMs: number } | { readonly kind: 'give-up'; readonly reason: string } {
  const nowMs = losses.at(-1)?.atMs ?? 0;
  const recent = losses.filter(({ atMs }) => nowMs - atMs <= policy.windowMs);
  const own = recent.filter(({ isRequestFault }) => !isRequestFault).length;
  if (own >= policy.maxLosses) {
    const seconds = Math.round(policy.windowMs / 1000);
    return { kind: 'give-up', reason: `${own} workers were lost within ${seconds} s; no more are started` };
  }
  return { kind: 'restart', delayMs: restartDelayMs(policy, Math.max(1, recent.length)) };
}
