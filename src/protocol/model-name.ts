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

/** Checks a version's text: decimal digits. Throws MODEL_NOT_FOUND, since no model has any other. */
export function checkVersion(version: string, model: string): string {
  if (/^\d{1,18}$/.test(version)) return version;
  throw new AppError(
    'MODEL_NOT_FOUND',
    `Request for unknown model: '${model}' version ${version} is not found: a version is a whole number`,
  );
}
