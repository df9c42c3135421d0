import { isOne, one, product, times, type Size } from './size.js';

/** Elements of a small tensor in row-major order, as far as they are known. */
export type Content = readonly (Size | undefined)[];

/** The same whatever the rows are and however many there are. */
export interface FreeValue {
  readonly kind: 'free';
  /** Left out where not even the rank is known. */
  readonly dims?: readonly Size[];
  readonly content?: Content;
}

/** Depends on how many rows there are, not on what is in them. */
export interface CountValue {
  readonly kind: 'count';
  readonly dims?: readonly Size[];
  readonly content?: Content;
}

/**
 * One block for each row, which is computed from that row alone and in the same way for each. The blocks lie along one axis
 * of `outer * B * inner` elements: element (o, b, i) of it belongs to row b. No other axis depends on the number of rows.
 */
export interface RowsValue {
  readonly kind: 'rows';
  readonly dims: readonly Size[];
  readonly axis: number;
  readonly outer: Size;
  readonly inner: Size;
}

/** A sequence with one item for each row. */
export interface RowListValue {
  readonly kind: 'rowList';
}

/** Rows are mixed, or are not known to stay apart; the reason names the node. */
export interface MixedValue {
  readonly kind: 'mixed';
  readonly reason: string;
}

/** What is known of a value of the graph. */
export type Value = FreeValue | CountValue | RowsValue | RowListValue | MixedValue;

/** Values that are tensors of known origin. */
export type Tensor = FreeValue | CountValue | RowsValue;

/** Why an operator's result is not known to keep rows apart. */
export class RowsMeet extends Error {}

/** Ends an operator's rule with the reason, which follows the node's name. */
export function meet(why: string): never {
  throw new RowsMeet(why);
}

/** Rows along an axis of the dimensions given, one element of it a row unless told otherwise. */
export function rowsAlong(
  dims: readonly Size[],
  axis: number,
  { outer, inner }: { readonly outer: Size; readonly inner: Size } = { outer: one, inner: one },
): RowsValue {
  return { kind: 'rows', dims, axis, outer, inner };
}

/** A value of the same kind with other dimensions and, for rows, perhaps another axis. */
export function reshaped(value: Tensor, dims: readonly Size[] | undefined, axis?: number): Tensor {
  if (value.kind !== 'rows') return { kind: value.kind, ...(dims === undefined ? {} : { dims }) };
  if (dims === undefined) return meet('the shape of its result is not known');
  return rowsAlong(dims, axis ?? value.axis, value);
}

/** Elements before a row's first block, and elements in one block: how rows lie in memory. */
export function layoutOf({ dims, axis, outer, inner }: RowsValue): { readonly before: Size; readonly within: Size } {
  return { before: times(product(dims.slice(0, axis)), outer), within: times(inner, product(dims.slice(axis + 1))) };
}

/** Whether each element of the row axis is one row, in order. */
export function isPlain({ outer, inner }: RowsValue): boolean {
  return isOne(outer) && isOne(inner);
}

/** A free or counted tensor with its content; a content without the number of rows is free. */
export function withContent(dims: readonly Size[], content: Content): FreeValue | CountValue {
  const isFree = content.every((element) => element !== undefined && element.rows === 0);
  return { kind: isFree ? 'free' : 'count', dims, content };
}
