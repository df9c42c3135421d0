import { AppError } from '../errors.js';

/** What a worker says of image files that it cannot decode: another decoder may, or tells what is wrong with them. */
export function undecoded(): AppError {
  const text = 'An image is no JPEG of the plain kind, or damaged: it has to be read by another decoder.';
  return new AppError('INTERNAL', text, { details: { undecoded: true } });
}

/** Whether a run was refused for nothing but that. */
export function isUndecoded(error: unknown): boolean {
  return error instanceof AppError && error.details['undecoded'] === true;
}
