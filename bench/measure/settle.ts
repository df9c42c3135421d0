import type { Method } from '../types.js';
import { isSteady } from '../stats/spread.js';
import { fewestSteady, summarise } from './interleave.js';
import type { Participant } from './sample.js';

/** What settling came to. */
export interface Settled {
  readonly seconds: number;
  /** Names of those whose throughput did not come to rest in time. */
  readonly restless: readonly string[];
}

/**
 * Loads participants in turn, and counts nothing, until the throughput of each agrees over three windows or `settleMs` are over: a server that
 * has just started compiles its code during its first thousands of requests, and answers several times slower until then.
 * One that fails is left to the points that follow, which say so.
 */
export async function settle(
  participants: readonly Participant[],
  { settleMs, tolerance }: Pick<Method, 'settleMs' | 'tolerance'>,
  { signal, now }: { readonly signal: AbortSignal; /** Monotonic milliseconds. */ readonly now: () => number },
): Promise<Settled> {
  const startedAt = now();
  const elapsedMs = (): number => now() - startedAt;
  const rates = new Map(participants.map((participant) => [participant, [] as number[]]));
  const isRestless = (seen: readonly number[]): boolean =>
    seen.length < fewestSteady || !isSteady(seen.slice(-fewestSteady), tolerance);
  while (elapsedMs() < settleMs && [...rates.values()].some(isRestless)) {
    for (const [participant, seen] of rates) {
      signal.throwIfAborted();
      const sample = await participant.measure().catch(() => undefined);
      if (sample === undefined) rates.delete(participant);
      else seen.push(summarise(sample).throughput);
    }
  }
  const restless = [...rates].filter(([, seen]) => isRestless(seen)).map(([{ name }]) => name);
  return { seconds: elapsedMs() / 1000, restless };
}
