import { isSame, type Size } from './size.js';
import type { MixedValue, Value } from './value.js';

/** Gives a size of its own to a place where two values differ. */
type NewSize = (place: string) => Size;

/** What holds for both of two values, such as the results of two branches; `apart` where one has rows and the other not. */
export function join(
  left: Value,
  right: Value,
  { newSize, apart }: { readonly newSize: NewSize; readonly apart: MixedValue },
): Value {
  if (left.kind === 'mixed') return left;
  if (right.kind === 'mixed') return right;
  if (left.kind === 'rowList') return right.kind === 'rowList' ? left : apart;
  if (right.kind === 'rowList') return apart;
  if (left.kind === 'rows' && right.kind === 'rows') {
    const isAlike = left.axis === right.axis && isSame(left.outer, right.outer) && isSame(left.inner, right.inner);
    const dims = joinDims(left.dims, right.dims, newSize);
    return isAlike && dims !== undefined ? { ...left, dims } : apart;
  }
  if (left.kind === 'rows' || right.kind === 'rows') return apart;
  const kind = left.kind === 'free' && right.kind === 'free' ? 'free' : 'count';
  const dims = left.dims && right.dims && joinDims(left.dims, right.dims, newSize);
  if (dims === undefined) return { kind };
  const { content } = left;
  const isKept =
    content?.length === right.content?.length &&
    content?.every((element, index) => isSameElement(element, right.content?.[index])) === true;
  return { kind, dims, ...(isKept ? { content } : {}) };
}

function joinDims(left: readonly Size[], right: readonly Size[], newSize: NewSize): readonly Size[] | undefined {
  if (left.length !== right.length) return undefined;
  return left.map((size, axis) => {
    const other = right[axis];
    return other !== undefined && isSame(size, other) ? size : newSize(String(axis));
  });
}

function isSameElement(left: Size | undefined, right: Size | undefined): boolean {
  return left !== undefined && right !== undefined && isSame(left, right);
}

/** Whether two values say the same. */
export function isSameValue(left: Value, right: Value): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
