/** Three rows of three numbers. */
export type Matrix = readonly [Row, Row, Row];
/** Three numbers: a row of a matrix, or a colour. */
export type Row = readonly [number, number, number];

/** Chromaticities x, y of white and of the three primaries. */
export interface Primaries {
  readonly white: readonly [x: number, y: number];
  readonly red: readonly [x: number, y: number];
  readonly green: readonly [x: number, y: number];
  readonly blue: readonly [x: number, y: number];
}

const d65 = [0.3127, 0.329] as const;
/** White and primaries of sRGB (IEC 61966-2-1). */
export const srgbPrimaries: Primaries = { white: d65, red: [0.64, 0.33], green: [0.3, 0.6], blue: [0.15, 0.06] };

/** The white of ICC's connection space. */
const d50: Row = [0.9642, 1, 0.8249];

const bradford: Matrix = [
  [0.8951, 0.2664, -0.1614],
  [-0.7502, 1.7135, 0.0367],
  [0.0389, -0.0685, 1.0296],
];

/** Linear RGB of these primaries to XYZ under D50, whites adapted by Bradford's method (ICC.1:2022, annex E). */
export function rgbToXyz({ white, red, green, blue }: Primaries): Matrix {
  const columns = transpose([xyzOf(red), xyzOf(green), xyzOf(blue)]);
  const whiteXyz = xyzOf(white);
  const scale = apply(invert(columns), whiteXyz);
  const unadapted = multiply(columns, diagonal(scale));
  const [from, to] = [apply(bradford, whiteXyz), apply(bradford, d50)];
  const adapt = multiply(
    invert(bradford),
    multiply(diagonal([to[0] / from[0], to[1] / from[1], to[2] / from[2]]), bradford),
  );
  return multiply(adapt, unadapted);
}

/** XYZ under D50 to linear sRGB. */
export const xyzToSrgb: Matrix = invert(rgbToXyz(srgbPrimaries));

function xyzOf([x, y]: readonly [number, number]): Row {
  return [x / y, 1, (1 - x - y) / y];
}

/** Rows become columns. */
export function transpose([a, b, c]: Matrix): Matrix {
  return [
    [a[0], b[0], c[0]],
    [a[1], b[1], c[1]],
    [a[2], b[2], c[2]],
  ];
}

function apply([a, b, c]: Matrix, v: Row): Row {
  return [dot(a, v), dot(b, v), dot(c, v)];
}

/** The product of two matrices: the right one is applied first. */
export function multiply(left: Matrix, right: Matrix): Matrix {
  const [x, y, z] = transpose(right);
  return transpose([apply(left, x), apply(left, y), apply(left, z)]);
}

/** By cofactors; the rows of an inverse are cross products of the columns. */
function invert(matrix: Matrix): Matrix {
  const [a, b, c] = transpose(matrix);
  const rows: Matrix = [cross(b, c), cross(c, a), cross(a, b)];
  const determinant = dot(a, rows[0]);
  return multiply(diagonal([1 / determinant, 1 / determinant, 1 / determinant]), rows);
}

function dot(a: Row, b: Row): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function cross(a: Row, b: Row): Row {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function diagonal([x, y, z]: Row): Matrix {
  return [
    [x, 0, 0],
    [0, y, 0],
    [0, 0, z],
  ];
}
