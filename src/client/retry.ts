/** What became of one try of a request. */
export type TryOutcome =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly retryAfter: string | undefined;
      readonly date: string | undefined;
    }
  /** No connection came about: the server never saw the request. */
  | { readonly kind: 'refused' }
  /** A connection that was kept open from before broke as the request went out. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'broken' };

const firstDelayMs = 100;
const longestDelayMs = 2000;

/**
 * Wait before the next try in milliseconds, or undefined where another try is of no use: 429 and 503 (which a server
 * answers before it computes), refused connections, and kept connections that broke. `Retry-After` wins over the
 * doubling delay. `tries` counts those made, 1 and up.
 */
export function retryDelayMs(outcome: TryOutcome, tries: number): number | undefined {
  if (outcome.kind === 'broken') return undefined;
  if (outcome.kind === 'stale') return tries === 1 ? 0 : undefined;
  const ownDelayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** (tries - 1));
  if (outcome.kind === 'refused') return ownDelayMs;
  if (outcome.status !== 429 && outcome.status !== 503) return undefined;
  return parseRetryAfter(outcome.retryAfter, outcome.date) ?? ownDelayMs;
}

/** `Retry-After` in milliseconds: seconds, or a date, taken against the answer's own `Date` (RFC 9110, 10.2.3). */
export function parseRetryAfter(retryAfter: string | undefined, date: string | undefined): number | undefined {
  if (retryAfter === undefined) return undefined;
  if (/^\d+$/.test(retryAfter.trim())) return Number(retryAfter) * 1000;
  const delayMs = Date.parse(retryAfter) - Date.parse(date ?? '');
  return Number.isNaN(delayMs) ? undefined : Math.max(0, delayMs);
}
