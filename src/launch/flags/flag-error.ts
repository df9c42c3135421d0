import { AppError } from '../../errors.js';

/** A flag that cannot be read: `--mount foo: <what is wrong>. <what to type>`. */
export function flagError(flag: string, text: string, problem: string): AppError {
  return new AppError('USAGE', `${flag} ${text}: ${problem}`, { details: { flag, value: text } });
}
