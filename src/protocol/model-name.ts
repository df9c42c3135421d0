import { AppError } from '../errors.js';

/**
 * Checks a model's name after percent-decoding, before it comes near a path: not blank, not `.` or `..`, no separators, no
 * NUL. Dots inside are fine. Throws INVALID_INPUT.
 */
export function checkModelName(name: string): string {
  const isTraversal = name === '.' || name === '..' || /[/\\\0]/.test(name);
  if (isTraversal) {
    throw new AppError(
      'INVALID_INPUT',
      `invalid model name ${JSON.stringify(name)}: model name must not contain path traversal characters ` +
        `('/', '\\', NUL, or a name of dots alone)`,
    );
  }
  if (name.trim() === '') throw new AppError('INVALID_INPUT', 'invalid model name: the name is blank');
  return name;
}
