/** When lost workers are started again. */
export interface RespawnPolicy {
  /** Losses within `windowMs` after which no worker is started any more. */
  readonly maxLosses: number;
  readonly windowMs: number;
  /** Wait before the first restart; each further one within the window waits twice as long, up to `maxDelayMs`. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

export const defaultRespawnPolicy: RespawnPolicy = {
  maxLosses: 5,
  windowMs: 60_000,
  firstDelayMs: 100,
  maxDelayMs: 5_000,
};

/** What to do after a worker was lost, given the times of all losses (ascending, this one last) in milliseconds. */
export function decideRespawn(
  lossesMs: readonly number[],
  policy: RespawnPolicy,
): { readonly kind: 'restart'; readonly delayMs: number } | { readonly kind: 'give-up'; readonly reason: string } {
  const nowMs = lossesMs.at(-1) ?? 0;
  const recent = lossesMs.filter((lossMs) => nowMs - lossMs <= policy.windowMs).length;
  if (recent >= policy.maxLosses) {
    const seconds = Math.round(policy.windowMs / 1000);
    return { kind: 'give-up', reason: `${recent} workers were lost within ${seconds} s; no more are started` };
  }
  return { kind: 'restart', delayMs: Math.min(policy.firstDelayMs * 2 ** Math.max(0, recent - 1), policy.maxDelayMs) };
}
