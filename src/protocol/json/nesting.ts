import { ascii, type JsonReader } from './reader.js';
import { readNumber } from './number.js';
import { AppError } from '../../errors.js';
import { formatShape } from '../../tensor/shape.js';

/** Reads past one value of any kind, checking its syntax; `nonFinite` lets NaN and Infinity tokens pass. */
export function skipValue(reader: JsonReader, nonFinite = false): void {
  const closers: number[] = [];
  do {
    const closer = openBracket(reader);
    if (closer === undefined) skipScalar(reader, nonFinite);
    else if (reader.peek() === closer) reader.leave();
    else {
      closers.push(closer);
      if (closer === ascii.closeObject) reader.readKey();
      continue;
    }
    closeBrackets(reader, closers);
  } while (closers.length > 0);
}

/** Moves past an opening bracket and answers the one that closes it; undefined at a scalar. */
function openBracket(reader: JsonReader): number | undefined {
  const byte = reader.peek();
  if (byte !== ascii.openArray && byte !== ascii.openObject) return undefined;
  reader.enter();
  return byte === ascii.openArray ? ascii.closeArray : ascii.closeObject;
}

/** After a value: leaves what ends here, up to the next value or the outermost bracket. */
function closeBrackets(reader: JsonReader, closers: number[]): void {
  for (;;) {
    const closer = closers.at(-1);
    if (closer === undefined) return;
    const byte = reader.peek();
    if (byte === ascii.comma) {
      reader.pos++;
      if (closer === ascii.closeObject) reader.readKey();
      return;
    }
    if (byte !== closer) reader.fail(`expected ',' or '${String.fromCharCode(closer)}'`);
    reader.leave();
    closers.pop();
  }
}

function skipScalar(reader: JsonReader, nonFinite: boolean): void {
  const byte = reader.peek();
  if (byte === ascii.quote) reader.readString('a value');
  else if (reader.take('true') || reader.take('false') || reader.take('null')) return;
  else if (nonFinite && (reader.take('NaN') || reader.take('Infinity') || reader.take('-Infinity'))) return;
  else if (byte === ascii.minus || (byte >= ascii.zero && byte <= ascii.nine)) readNumber(reader, true);
  else reader.fail('expected a value');
}

/** What the brackets of a value say of a tensor. */
export interface Nesting {
  readonly shape: readonly number[];
  /** Whether an element is an object, such as `{"b64": "..."}`. */
  readonly hasObjects: boolean;
}

interface Walk {
  /** Elements of each dimension, once its first array has ended. */
  readonly shape: (number | undefined)[];
  /** Elements seen so far in each open array. */
  readonly open: number[];
  /** Depth of the elements, once the first was seen. */
  rank?: number;
  hasObjects: boolean;
}

/** Reads past a nested array, or a bare element, and answers the shape that its nesting shows. Ragged ones are refused. */
export function measureNesting(reader: JsonReader, label: string): Nesting {
  const walk: Walk = { shape: [], open: [], hasObjects: false };
  do {
    if (reader.peek() === ascii.openArray) {
      reader.enter();
      walk.open.push(0);
      if (reader.peek() !== ascii.closeArray) continue;
    } else {
      if ((walk.rank ?? walk.open.length) !== walk.open.length || walk.shape.length > walk.open.length)
        failRagged(label, walk);
      walk.rank = walk.open.length;
      walk.hasObjects ||= reader.peek() === ascii.openObject;
      skipValue(reader, true);
      countElement(walk);
    }
    leaveArrays(reader, walk, label);
  } while (walk.open.length > 0);
  return { shape: walk.shape.map((size) => size ?? 0), hasObjects: walk.hasObjects };
}

function countElement({ open }: Walk): void {
  if (open.length > 0) open[open.length - 1] = (open.at(-1) ?? 0) + 1;
}

/** After a value: leaves the arrays that end here, up to the next value. */
function leaveArrays(reader: JsonReader, walk: Walk, label: string): void {
  while (walk.open.length > 0) {
    const byte = reader.peek();
    if (byte === ascii.comma) {
      reader.pos++;
      if (reader.peek() === ascii.closeArray) reader.fail('expected a value');
      return;
    }
    if (byte !== ascii.closeArray) reader.fail("expected ',' or ']'");
    reader.leave();
    const size = walk.open.pop() ?? 0;
    const axis = walk.open.length;
    if (walk.rank !== undefined && axis >= walk.rank) failRagged(label, walk);
    if ((walk.shape[axis] ??= size) !== size) failRagged(label, walk);
    countElement(walk);
  }
}

function failRagged(label: string, { shape }: Walk): never {
  const known = Array.from(shape, (size) => size ?? -1);
  throw new AppError(
    'INVALID_INPUT',
    `${label}: nested arrays are ragged: every array of one depth must have the same size, got ${formatShape(known)} and others`,
  );
}
