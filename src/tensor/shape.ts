/** Dimensions of a tensor that exists: integers >= 0. `[]` is a scalar of one element. */
export type Shape = readonly number[];

/** Dimensions that a model declares: -1 where any size fits. */
export type DeclaredShape = readonly number[];

/** More dimensions than any runtime has: a shape of a request with more is refused before it is computed with. */
export const mostDimensions = 256;

/** Elements of a shape, or undefined when the product passes 2^53 - 1. Nothing is allocated. */
export function countElements(shape: Shape): number | undefined {
  if (shape.includes(0)) return 0;
  let count = 1;
  for (const dim of shape) {
    if (count > Number.MAX_SAFE_INTEGER / dim) return undefined;
    count *= dim;
  }
  return count;
}

/** Elements of one row: the product of all dimensions but the first. The shape has rank 1 or more. */
export function elementsPerRow(shape: Shape): number {
  return countElements(shape.slice(1)) ?? Number.POSITIVE_INFINITY;
}

/** Whether a tensor's shape has the declared rank and equals every declared dimension that is not -1. */
export function fitsShape(shape: Shape, declared: DeclaredShape): boolean {
  return shape.length === declared.length && declared.every((dim, axis) => dim === -1 || dim === shape[axis]);
}

/** Whether two shapes are equal. */
export function isSameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

/** `[1,3,224,224]`, as messages show it. */
export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(',')}]`;
}
