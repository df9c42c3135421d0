import { AppError } from '../errors.js';

/** Seconds of --timeout: more than none, a day at most. Throws USAGE. */
export function parseSeconds(text: string): number {
  const seconds = /^\d+(\.\d+)?s?$/.test(text) ? parseFloat(text) : 0;
  if (seconds > 0 && seconds <= 86_400) return seconds;
  throw new AppError('USAGE', `--timeout ${text}: expected seconds, such as 30.`);
}
