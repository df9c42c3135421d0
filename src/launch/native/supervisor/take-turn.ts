import { constants } from 'node:os';
import { exitCodeOf, type Generation } from './generation.js';
import type { Unready } from '../state.js';

/** What a server has to do to take another one's place. */
export interface TurnRules {
  readonly timeoutMs: number;
  /** Aborted where it is not to take the place any more. */
  readonly signal: AbortSignal;
  /** Whether the other one is ready itself. */
  readonly isRivalReady: () => boolean;
}

/**
 * Lets a server that was started beside another one take connections, once it is ready. One of whose models some are broken does only where the
 * other is no better. Answers why it will not, which leaves the other one as it was.
 */
export async function takeTurn(candidate: Generation, rules: TurnRules): Promise<Unready | undefined> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), rules.timeoutMs);
  const limit = AbortSignal.any([rules.signal, late.signal]);
  const health = () => candidate.said.health;
  const isSettled = (): boolean => health()?.ready === true || /^(degraded|failed)$/.test(health()?.state ?? '');
  try {
    if (!(await candidate.until(isSettled, limit))) return await whyNot(candidate, rules);
    const { ready = false, state, reasons = [] } = health() ?? {};
    if (!ready && (state === 'failed' || rules.isRivalReady())) return { kind: 'failed', reasons };
    candidate.begin();
    if (await candidate.until(() => candidate.said.serving !== undefined, limit)) return undefined;
    return await whyNot(candidate, rules);
  } finally {
    clearTimeout(timer);
  }
}

/** Why a server did not take its turn, for the log. */
export function textOf(failure: Unready): string {
  switch (failure.kind) {
    case 'aborted':
      return 'it was called off';
    case 'ended':
      return `it ended with exit code ${failure.exitCode}`;
    case 'failed':
      return ['it never will', ...failure.reasons.map(({ message }) => message)].join(': ');
    case 'timeout':
      return `its time is over: ${failure.lastError}`;
  }
}

async function whyNot({ hasEnded, ended, said }: Generation, { signal }: TurnRules): Promise<Unready> {
  if (signal.aborted) return { kind: 'aborted' };
  if (hasEnded) return { kind: 'ended', exitCode: exitCodeOf(await ended, constants.signals) };
  const { state = 'it has said nothing yet', reasons = [] } = said.health ?? {};
  return { kind: 'timeout', lastError: [state, ...reasons.map(({ message }) => message)].join(': ') };
}
