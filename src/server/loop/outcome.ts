import { AppError, messageOf } from '../../errors.js';
import type { Outcome } from './messages.js';

/** What came of some work, so that it can go to another process. */
export async function outcomeOf(work: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { ok: true, value: await work() };
  } catch (thrown) {
    const { code, details } = thrown instanceof AppError ? thrown : new AppError('INTERNAL', messageOf(thrown));
    return { ok: false, code, message: messageOf(thrown), details };
  }
}

/** The error of an outcome, as it was thrown. */
export function errorOf({ code, message, details }: Extract<Outcome, { ok: false }>): AppError {
  return new AppError(code, message, { details });
}
