import type { Placement } from '../../image/placement.js';
import { along, neighbours, placeOf, type Between, type Side } from './neighbours.js';
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
  const common = commonOfCells(field, bestOfCells(field, least));
  const classes = new Uint16Array(width * height);
  for (let y = 0; y < height; y++) {
    const [top, bottom, v] = [down.low[y] as number, down.high[y] as number, down.weight[y] as number];
    const pixels = classes.subarray(y * width, (y + 1) * width);
    const cells = common.subarray(top * field.width, (top + 1) * field.width);
    copyByPlace(pixels, cells, across.low);
    fillMixed(pixels, field, { across, top, bottom, v, least });
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

/** The highest class of each cell, of equal ones the first. Values are read in the order in which they lie in a row. */
function bestOfCells({ data, from, classes, width, height, ...step }: ScoreField, least: number): Uint16Array {
  const best = new Uint16Array(width * height);
  const highest = new Float64Array(width);
  for (let y = 0; y < height; y++) {
    highest.fill(-Infinity);
    for (let index = 0; index < classes; index++) {
      const start = from + index * step.classStep + y * step.rowStep;
      for (let x = 0; x < width; x++) {
        const value = data[start + x * step.columnStep] as number;
        if (value <= (highest[x] as number)) continue;
        highest[x] = value;
        best[y * width + x] = classes === 1 ? Number(value >= least) : index;
      }
    }
  }
  return best;
}

/** Where four cells differ: there are no more than 65,535 classes. */
const mixed = 65_535;

/** The class that a cell and its neighbours to the right, below, and between the two have in common. */
function commonOfCells({ width, height }: Pick<ScoreField, 'width' | 'height'>, best: Uint16Array): Uint16Array {
  const common = new Uint16Array(best.length);
  for (let y = 0; y < height; y++) {
    const below = y + 1 < height ? width : 0;
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const right = x + 1 < width ? 1 : 0;
      const own = best[at] as number;
      const isAlike = own === best[at + right] && own === best[at + below] && own === best[at + below + right];
      common[at] = isAlike ? own : mixed;
    }
  }
  return common;
}

/** To each pixel the class of the cell that it lies in or after. */
function copyByPlace(pixels: Uint16Array, cells: Uint16Array, places: Int32Array): void {
  for (let x = 0; x < pixels.length; x++) pixels[x] = cells[places[x] as number] as number;
}

interface PixelRow {
  readonly across: Between;
  readonly top: number;
  readonly bottom: number;
  readonly v: number;
  readonly least: number;
}

/** Interpolates between the cells that differ, along one row of pixels. */
function fillMixed(pixels: Uint16Array, field: ScoreField, { across, top, bottom, v, least }: PixelRow): void {
  const { classes } = field;
  const corners = new Float64Array(4 * classes);
  let read = -1;
  for (let x = 0; x < pixels.length; x++) {
    if (pixels[x] !== mixed) continue;
    const [left, right, u] = [across.low[x] as number, across.high[x] as number, across.weight[x] as number];
    // Pixels between the same cells share them: those of many classes lie far apart in most outputs.
    if (left !== read) readCorners(corners, field, { top, bottom, left, right });
    read = left;
    let [best, highest] = [0, -Infinity];
    for (let index = 0, at = 0; index < classes; index++, at += 4) {
      const [a, c] = [corners[at] as number, corners[at + 2] as number];
      const upper = a + ((corners[at + 1] as number) - a) * u;
      const lower = c + ((corners[at + 3] as number) - c) * u;
      const value = upper + (lower - upper) * v;
      if (value > highest) [best, highest] = [index, value];
    }
    pixels[x] = classes === 1 ? Number(highest >= least) : best;
  }
}

interface Corners {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** The values of four cells, four for each class. */
function readCorners(to: Float64Array, field: ScoreField, { top, bottom, left, right }: Corners): void {
  const { data, from, classes, classStep, rowStep, columnStep } = field;
  for (let index = 0; index < classes; index++) {
    const above = from + index * classStep + top * rowStep;
    const below = from + index * classStep + bottom * rowStep;
    to[4 * index] = data[above + left * columnStep] as number;
    to[4 * index + 1] = data[above + right * columnStep] as number;
    to[4 * index + 2] = data[below + left * columnStep] as number;
    to[4 * index + 3] = data[below + right * columnStep] as number;
  }
}
