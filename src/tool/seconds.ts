import { AppError } from '../errors.js';
import { readDuration } from '../launch/text/duration.js';

/** Seconds of --timeout: more than none, a day at most. Throws USAGE. */
export function parseSeconds(text: string): number {
  const seconds = (readDuration(text) ?? 0) / 1000;
  if (seconds > 0 && seconds <= 86_400) return seconds;
  throw new AppError('USAGE', `--timeout ${text}: expected a time such as 30, 90s or 2m, a day at most.`);
}
