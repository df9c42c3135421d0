import { AppError } from '../errors.js';
import type { Parameters } from './types.js';

/** A request's place in a sequence whose state the server keeps (extension "sequence"). */
export interface SequenceStep {
  /** A whole number's digits, or the client's text. */
  readonly id: string;
  readonly isStart: boolean;
  readonly isEnd: boolean;
}

/** Characters of a text that is an id, as peers have it. */
const longestId = 128;

const largestId = 2n ** 64n - 1n;

/** What `sequence_id`, `sequence_start` and `sequence_end` say; undefined without an id, which 0 and the empty text are too. Throws INVALID_INPUT. */
export function readSequence(parameters: Parameters): SequenceStep | undefined {
  const id = findSequenceId(parameters);
  const isStart = readFlag(parameters, 'sequence_start');
  const isEnd = readFlag(parameters, 'sequence_end');
  if (id !== undefined) return { id, isStart, isEnd };
  if (isStart || isEnd) fail(`'sequence_${isStart ? 'start' : 'end'}' is given without a 'sequence_id'`);
  return undefined;
}

/** The id alone. Throws INVALID_INPUT. */
export function findSequenceId(parameters: Parameters): string | undefined {
  const value = parameters.get('sequence_id');
  if (value === undefined || value === 0 || value === '') return undefined;
  if (typeof value === 'string' && value.length <= longestId) return value;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return String(value);
  return failId(JSON.stringify(value));
}

/** A number as an id, exactly. Throws INVALID_INPUT unless it is whole and has 64 bits. */
export function toSequenceId(value: bigint | string): string | number {
  if (typeof value === 'string' || value < 0n || value > largestId) return failId(String(value));
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value);
}

function readFlag(parameters: Parameters, name: string): boolean {
  const value = parameters.get(name) ?? false;
  return typeof value === 'boolean' ? value : fail(`parameter '${name}' must be true or false, not ${String(value)}`);
}

function failId(shown: string): never {
  const text = shown.length > 160 ? `${shown.slice(0, 159)}…` : shown;
  return fail(
    `parameter 'sequence_id' must be a whole number below 2^64 or a text of up to ${longestId} characters, not ${text}`,
  );
}

function fail(message: string): never {
  throw new AppError('INVALID_INPUT', message);
}
