import type { Placement } from '../../image/placement.js';
import { along, neighbours, placeOf, type Side } from './neighbours.js';
import type { ClassMap } from './types.js';

/** One row of an output: value of class c at (x, y) is `data[from + c * classStep + y * rowStep + x * columnStep]`. */
export interface ScoreField {
  readonly data: ArrayLike<number>;
  readonly from: number;
  readonly classes: number;
  readonly width: number;
  readonly height: number;
  readonly classStep: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

/** How an output becomes a class for each pixel of the image. */
export interface MapOptions {
  readonly placement: Placement;
  /** Pixels of the input. */
  readonly input: { readonly width: number; readonly height: number };
  /** Of a lone channel: from which value on it counts. */
  readonly least: number;
}

/**
 * The class of each pixel of the image as it was sent: scores are interpolated between the middles of the output's cells (bilinear, held at the
 * edges) at the place where the pixel's middle lies in the input, and the highest wins, of equal ones the first. A pixel between four
 * cells of one class is of that class: interpolation can then not make another one the highest.
 */
export function mapScores(field: ScoreField, { placement, input, least }: MapOptions): ClassMap {
  const { imageWidth: width, imageHeight: height } = placement;
  const across = neighbours([0, width], { ...along(placement, 'X'), cells: field.width, side: input.width });
  const down = neighbours([0, height], { ...along(placement, 'Y'), cells: field.height, side: input.height });
  const best = bestOfCells(field, least);
  const classes = new Uint16Array(width * height);
  for (let y = 0; y < height; y++) {
    const [top, bottom, v] = [down.low[y] as number, down.high[y] as number, down.weight[y] as number];
    for (let x = 0; x < width; x++) {
      const [left, right] = [across.low[x] as number, across.high[x] as number];
      const first = best[top * field.width + left] as number;
      const isAlike =
        first === best[top * field.width + right] &&
        first === best[bottom * field.width + left] &&
        first === best[bottom * field.width + right];
      classes[y * width + x] = isAlike
        ? first
        : bestBetween(field, { top, bottom, left, right, u: across.weight[x] as number, v, least });
    }
  }
  return { width, height, classes };
}

/** The class number at each pixel's place: of the cell that it lies in. */
export function mapClasses(
  field: ScoreField,
  { placement, input }: Pick<MapOptions, 'placement' | 'input'>,
): ClassMap | number {
  const { imageWidth: width, imageHeight: height } = placement;
  const columns = cellsOf(width, { ...along(placement, 'X'), cells: field.width, side: input.width });
  const rows = cellsOf(height, { ...along(placement, 'Y'), cells: field.height, side: input.height });
  const classes = new Uint16Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = field.from + (rows[y] as number) * field.rowStep + (columns[x] as number) * field.columnStep;
      const value = field.data[at] as number;
      if (!Number.isInteger(value) || value < 0 || value > 65_535) return value;
      classes[y * width + x] = value;
    }
  }
  return { width, height, classes };
}

function cellsOf(pixels: number, of: Side): Int32Array {
  return Int32Array.from({ length: pixels }, (_, pixel) =>
    Math.min(Math.max(Math.floor(placeOf(pixel, of)), 0), of.cells - 1),
  );
}

/** The highest class of each cell, of equal ones the first. */
function bestOfCells(field: ScoreField, least: number): Uint16Array {
  const { width, height } = field;
  const best = new Uint16Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      best[y * width + x] = bestBetween(field, { top: y, bottom: y, left: x, right: x, u: 0, v: 0, least });
    }
  }
  return best;
}

function bestBetween(
  { data, from, classes, classStep, rowStep, columnStep }: ScoreField,
  at: {
    readonly top: number;
    readonly bottom: number;
    readonly left: number;
    readonly right: number;
    readonly u: number;
    readonly v: number;
    readonly least: number;
  },
): number {
  const [top, bottom] = [from + at.top * rowStep, from + at.bottom * rowStep];
  const [left, right] = [at.left * columnStep, at.right * columnStep];
  let [best, highest] = [0, -Infinity];
  for (let index = 0; index < classes; index++) {
    const shift = index * classStep;
    const a = data[top + left + shift] as number;
    const b = data[top + right + shift] as number;
    const c = data[bottom + left + shift] as number;
    const d = data[bottom + right + shift] as number;
    const upper = a + (b - a) * at.u;
    const value = upper + (c + (d - c) * at.u - upper) * at.v;
    if (value > highest) [best, highest] = [index, value];
  }
  return classes === 1 ? Number(highest >= at.least) : best;
}
