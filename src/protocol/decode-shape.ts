import { AppError } from '../errors.js';
import { datatypes, type Datatype } from '../tensor/datatype.js';
import { countElements, formatShape, type Shape } from '../tensor/shape.js';
import { readDouble } from './json/number.js';
import type { JsonReader } from './json/reader.js';

const mostElements = 2n ** 63n - 1n;

/** Reads a `shape`: whole numbers >= 0, of any size (`checkShape` bounds their product). */
export function readShape(reader: JsonReader): number[] {
  const shape: number[] = [];
  reader.readArray("'shape'", () => {
    reader.peek();
    const dim = readDouble(reader);
    if (!Number.isInteger(dim) || dim < 0) reader.fail("every dimension of 'shape' must be an integer >= 0");
    shape.push(dim + 0);
  });
  return shape;
}

/** The number of elements of a shape, when it and its size in bytes are within what a server can address. */
export function checkShape(shape: Shape, tensor: { readonly label: string; readonly datatype: Datatype }): number {
  const { label, datatype } = tensor;
  const count = shape.every(Number.isSafeInteger) ? countElements(shape) : undefined;
  if (count !== undefined && Number.isSafeInteger(count * datatypes[datatype].bytes)) return count;
  const product = shape.reduce((product, dim) => product * BigInt(dim), 1n);
  const reason =
    product > mostElements
      ? `shape ${formatShape(shape)} causes total element count to exceed maximum size of ${String(mostElements)} for ${label}`
      : `byte size overflow for ${label}: shape ${formatShape(shape)} of ${datatype}`;
  throw new AppError('INVALID_INPUT', reason);
}
