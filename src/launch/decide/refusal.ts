import type { ErrorCode } from '../../errors.js';

/** Why something cannot be had, and the one line that would change it. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly cause: string;
  readonly fix: string;
  /** The cause in a few words, for where the facts that say it whole stand beside it. */
  readonly brief?: string;
  /** What would give a GPU anyway, for the line of a fallback: `--variant cuda compiles one that does`. */
  readonly another?: string;
}

/** The refusal as it is said beside the facts. */
export function inBrief(refusal: Refusal): Refusal {
  return refusal.brief === undefined ? refusal : { ...refusal, cause: refusal.brief };
}

/** A refusal with its cause and fix. */
export function refuse(cause: string, fix: string, code: ErrorCode = 'DEVICE_UNAVAILABLE'): Refusal {
  return { code, cause, fix };
}

/** Tells a refusal from a result. */
export function isRefusal(value: object): value is Refusal {
  return 'cause' in value && 'fix' in value;
}
