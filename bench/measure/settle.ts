import type { Method } from '../types.js';
import { isSteady } from '../stats/spread.js';
import { fewestSteady, summarise } from './interleave.js';
import type { Participant } from './sample.js';

/** What settling came to. */
export interface Settled {
  readonly seconds: number;
  /** Names of those that did not come to rest in time. */
  readonly restless: readonly string[];
}

/** How long settling goes on. */
export interface Settling extends Pick<Method, 'settleMs' | 'tolerance'> {
  /** Answers that each has to give as well; 0 where left out. */
  readonly leastAnswers?: number;
}

/**
 * Loads participants in turn, and counts nothing, until the throughput of each agrees over three windows or `settleMs` are over: a server that
 * has just started compiles its code during its first thousands of requests, and answers several times slower until then. Where requests
 * take long, its last part comes too slowly for windows to differ: there a number of answers says more.
 * One that fails is left to the points that follow, which say so.
 */
export async function settle(
  participants: readonly Participant[],
  { settleMs, tolerance, leastAnswers = 0 }: Settling,
  { signal, now }: { readonly signal: AbortSignal; /** Monotonic milliseconds. */ readonly now: () => number },
): Promise<Settled> {
  const startedAt = now();
  const elapsedMs = (): number => now() - startedAt;
  const all = new Map(participants.map((participant) => [participant, { rates: [] as number[], answers: 0 }]));
  const isRestless = ({ rates, answers }: { readonly rates: readonly number[]; readonly answers: number }): boolean =>
    answers < leastAnswers || rates.length < fewestSteady || !isSteady(rates.slice(-fewestSteady), tolerance);
  while (elapsedMs() < settleMs && [...all.values()].some(isRestless)) {
    for (const [participant, seen] of all) {
      signal.throwIfAborted();
      const sample = await participant.measure().catch(() => undefined);
      if (sample === undefined) {
        all.delete(participant);
        continue;
      }
      seen.rates.push(summarise(sample).throughput);
      seen.answers += sample.inferences;
    }
  }
  const restless = [...all].filter(([, seen]) => isRestless(seen)).map(([{ name }]) => name);
  return { seconds: elapsedMs() / 1000, restless };
}
