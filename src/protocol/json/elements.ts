import { AppError } from '../../errors.js';
import { formatShape, type Shape } from '../../tensor/shape.js';
import { ascii, type JsonReader } from './reader.js';

/** A tensor in messages: `input 'A'`, with its shape and that shape's product. */
export interface ElementsDue {
  readonly label: string;
  readonly shape: Shape;
  readonly count: number;
}

/** Throws that `data` does not hold what the shape asks for. */
export function failCount(due: ElementsDue, found: string): never {
  throw new AppError(
    'INVALID_INPUT',
    `${due.label}: shape does not match true shape of 'data' field: ${formatShape(due.shape)} holds ` +
      `${String(due.count)} elements, 'data' has ${found}`,
  );
}

/** Takes the scalars of a tensor's JSON data in order. */
export abstract class ElementSink {
  /** Elements read so far. */
  index = 0;
  readonly due: ElementsDue;

  constructor(due: ElementsDue) {
    this.due = due;
  }

  /** Reads the scalar at the cursor and every one that follows it in the same array (see `readsOn`). */
  abstract readRun(reader: JsonReader): void;

  protected failOverrun(): never {
    return failCount(this.due, 'more');
  }
}

/** Reads a flat or nested array depth first; only the number of elements must fit, not the nesting (as peers do). */
export function readElements(reader: JsonReader, sink: ElementSink): void {
  if (reader.peek() !== ascii.openArray) reader.fail("'data' must be an array");
  let open = 0;
  do {
    let byte = reader.peek();
    while (byte === ascii.openArray) {
      reader.enter();
      open++;
      byte = reader.peek();
    }
    if (byte !== ascii.closeArray || !isJustOpened(reader)) sink.readRun(reader);
    open = closeArrays(reader, open);
  } while (open > 0);
  if (sink.index !== sink.due.count) failCount(sink.due, String(sink.index));
}

/** Whether the closing bracket at the cursor ends an empty array and does not follow a comma. */
function isJustOpened({ bytes, pos }: JsonReader): boolean {
  let before = pos - 1;
  while ((bytes[before] as number) <= 0x20) before--;
  return bytes[before] === ascii.openArray;
}

/** After a value, or at the array that follows a comma: leaves the arrays that end here; answers how many are open. */
function closeArrays(reader: JsonReader, open: number): number {
  let byte = reader.peek();
  if (byte === ascii.openArray) return open;
  for (let left = open; left > 0; left--) {
    if (byte === ascii.comma) {
      reader.pos++;
      return left;
    }
    if (byte !== ascii.closeArray) reader.fail("expected ',' or ']'");
    reader.leave();
    byte = reader.peek();
  }
  return 0;
}

/**
 * After a scalar: moves past a comma to the next value and answers true where that is a scalar too. Answers false with
 * the cursor at the bracket that ends or opens an array.
 */
export function readsOn(reader: JsonReader): boolean {
  const { bytes } = reader;
  if (bytes[reader.pos] !== ascii.comma && reader.peek() !== ascii.comma) {
    if (reader.peek() !== ascii.closeArray) reader.fail("expected ',' or ']'");
    return false;
  }
  reader.pos++;
  const next = bytes[reader.pos] as number;
  if (next > 0x20 && next !== ascii.openArray) return true;
  return reader.peek() !== ascii.openArray;
}
