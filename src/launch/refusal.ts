import type { ErrorCode } from '../errors.js';

/** Why something cannot be had, and the one line that would change it. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly cause: string;
  readonly fix: string;
}

export function refuse(cause: string, fix: string, code: ErrorCode = 'DEVICE_UNAVAILABLE'): Refusal {
  return { code, cause, fix };
}

/** Tells a refusal from a result. */
export function isRefusal(value: object): value is Refusal {
  return 'cause' in value && 'fix' in value;
}
