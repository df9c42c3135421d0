import { AppError } from '../errors.js';

/**
 * Refuses a model name that could be meant as a path, with INVALID_INPUT. Names are only ever looked up among those found on
 * disk; this tells the caller what is wrong instead of "not found".
 */
export function checkModelName(name: string): string {
  if (name.trim() !== '' && name !== '..' && !/[/\\\0]/.test(name)) return name;
  throw new AppError(
    'INVALID_INPUT',
    `The model name ${JSON.stringify(name)} is not valid: model name must not contain path traversal characters, and not be blank.`,
  );
}
