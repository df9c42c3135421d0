import { AppError } from '../errors.js';
import type { NumericArrayConstructor, NumericData } from './datatype.js';
import { elementsPerRow, formatShape } from './shape.js';
import type { BytesElement, BytesTensor, NamedTensors, NumericTensor, Tensor } from './tensor.js';

/**
 * Puts tensors of one datatype and row shape (rank 1 or more) below each other and repeats the last row up to `paddedRows`:
 * a row that a client sent is one that the model accepts. A lone tensor that needs no padding is returned as it is.
 */
export function concatRows(tensors: readonly Tensor[], paddedRows: number): Tensor {
  const [first] = tensors;
  if (first === undefined) throw new RangeError('concatRows needs at least one tensor.');
  if (tensors.length === 1 && first.shape[0] === paddedRows) return first;
  const perRow = elementsPerRow(first.shape);
  const shape = [paddedRows, ...first.shape.slice(1)];
  const length = perRow * paddedRows;
  if (first.datatype === 'BYTES') {
    return { datatype: 'BYTES', shape, data: concatElements(tensors as readonly BytesTensor[], perRow, length) };
  }
  return { datatype: first.datatype, shape, data: concatNumbers(tensors as readonly NumericTensor[], perRow, length) };
}

function concatElements(tensors: readonly BytesTensor[], perRow: number, length: number): BytesElement[] {
  const all = tensors.flatMap(({ data }) => data);
  const lastRow = all.slice(all.length - perRow);
  while (all.length < length && lastRow.length > 0) all.push(...lastRow);
  return all;
}

function concatNumbers(tensors: readonly NumericTensor[], perRow: number, length: number): NumericData {
  const Typed = (tensors[0] as NumericTensor).data.constructor as NumericArrayConstructor;
  const all = new Typed(length) as Uint8Array<ArrayBuffer>;
  let filled = 0;
  for (const { data } of tensors) {
    all.set(data as Uint8Array<ArrayBuffer>, filled);
    filled += data.length;
  }
  for (let at = filled; filled > 0 && at < length; at += perRow) all.copyWithin(at, filled - perRow, filled);
  return all;
}

/** Rows `from` to `from + count` of a tensor of rank 1 or more; numbers are a view of the same memory. */
export function sliceRows(tensor: Tensor, from: number, count: number): Tensor {
  if (from === 0 && tensor.shape[0] === count) return tensor;
  const perRow = elementsPerRow(tensor.shape);
  const [start, end] = [from * perRow, (from + count) * perRow];
  const shape = [count, ...tensor.shape.slice(1)];
  if (tensor.datatype === 'BYTES') return { datatype: 'BYTES', shape, data: tensor.data.slice(start, end) };
  return { datatype: tensor.datatype, shape, data: tensor.data.subarray(start, end) };
}

/** Tensors of a run of `rows` without all but its first `kept`; one that has not an entry for each row stays as it is. */
export function keepRows(tensors: NamedTensors, kept: number, rows: number): NamedTensors {
  if (kept === rows) return tensors;
  const keep = (tensor: Tensor) => (tensor.shape[0] === rows ? sliceRows(tensor, 0, kept) : tensor);
  return new Map([...tensors].map(([name, tensor]) => [name, keep(tensor)]));
}

/** The failure of a run whose output has not one entry for each row, so that no request can be given its own; `uncut` in the details. */
export function notRows(output: string, { shape }: Tensor, rows: number): AppError {
  return new AppError(
    'ENGINE_FAILED',
    `Output ${output} of a run of ${rows} rows has shape ${formatShape(shape)}; expected ${rows} as its first dimension. ` +
      'Set batching.maxRows to 0 in model.json for a model whose outputs have no batch dimension.',
    { details: { uncut: output, shape, rows } },
  );
}
