import { AppError } from '../errors.js';

/** The header that says where a body's JSON part ends; in lower case, as Node gives it. */
export const headerLengthName = 'inference-header-content-length';

/** Parses that header: decimal digits only. Undefined without it: the whole body is JSON. */
export function parseHeaderLength(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const length = /^\d+$/.test(value) ? Number(value) : NaN;
  if (Number.isSafeInteger(length)) return length;
  throw new AppError(
    'INVALID_INPUT',
    `Unable to parse Inference-Header-Content-Length, got: ${value}. Expected the byte length of the JSON part`,
  );
}
