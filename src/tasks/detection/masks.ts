import { AppError } from '../../errors.js';
import type { Placement } from '../../image/placement.js';
import { formatShape } from '../../tensor/shape.js';
import type { NamedTensors } from '../../tensor/tensor.js';
import { along, neighbours, type Between } from '../segmentation/neighbours.js';
import { writeBitPng } from '../segmentation/png.js';
import { floatsOf, type Grid } from './grid.js';
import type { DetectedMask, DetectionRun } from './types.js';

/** The prototypes of one image: planes of height x width, of which each object's mask is a sum. */
export interface Prototypes {
  readonly data: Float32Array | Float64Array;
  readonly from: number;
  readonly count: number;
  readonly width: number;
  readonly height: number;
}

/** Reads an output [N,M,h,w] of prototypes, those of each image. Throws MODEL_INVALID where it has another shape. */
export function readPrototypes(outputs: NamedTensors, name: string, rows: number): (row: number) => Prototypes {
  const tensor = outputs.get(name);
  const shape = tensor?.shape ?? [];
  const [n, count = 0, height = 0, width = 0] = shape;
  if (tensor === undefined || tensor.datatype === 'BYTES' || shape.length !== 4 || n !== rows || width * height === 0) {
    throw invalid(
      `reads masks from output '${name}', whose shape is ${formatShape(shape)} here: expected [${rows},M,h,w]`,
    );
  }
  const data = floatsOf(tensor);
  return (row) => ({ data, from: row * count * height * width, count, width, height });
}

/** An object whose mask is wanted: its box's number among all, and its corners in the image. */
export interface KeptBox {
  readonly number: number;
  readonly corners: readonly [x0: number, y0: number, x1: number, y1: number];
}

interface MaskCall {
  readonly run: DetectionRun;
  readonly prototypes: Prototypes;
  /** A field for each prototype. */
  readonly coefficients: Grid;
  readonly placement: Placement;
}

/** What the masks of one image may cost: pixels, and an eighth of the products with prototypes. */
const mostWork = 2 ** 28;

/**
 * The mask of each object: a pixel is of it where its middle lies in the box and the prototypes, weighed by the object's coefficients and
 * interpolated between the middles of the four cells around (bilinear, held at the edges), come to more than 0, which is a probability of one half.
 * Throws MODEL_INVALID for sums that are no finite numbers, INVALID_INPUT where there is too much to do.
 */
export function makeMasks(call: MaskCall, kept: readonly KeptBox[]): readonly DetectedMask[] {
  let work = 0;
  for (const box of kept) {
    work += workOf(call, layOut(call, box));
    if (work > mostWork) throw tooMuch(kept.length);
  }
  return kept.map((box) => drawMask(call, box, layOut(call, box)));
}

/** Where an object lies in the image, and between which cells of the prototypes. */
interface Layout {
  readonly area: DetectedMask['area'];
  readonly columns: Between;
  readonly rows: Between;
  readonly across: Extent;
  readonly down: Extent;
}

function layOut(call: MaskCall, box: KeptBox): Layout {
  const area = areaOf(box);
  const [left, top, right, bottom] = area;
  const columns = sideOf(call, 'X', [left, right - left]);
  const rows = sideOf(call, 'Y', [top, bottom - top]);
  return { area, columns, rows, across: extentOf(columns), down: extentOf(rows) };
}

function workOf({ prototypes }: MaskCall, { area: [left, top, right, bottom], across, down }: Layout): number {
  return (right - left) * (bottom - top) + (across.cells * down.cells * prototypes.count) / 8;
}

const areaOf = ({ corners: [x0, y0, x1, y1] }: KeptBox): DetectedMask['area'] => [
  Math.floor(x0),
  Math.floor(y0),
  Math.ceil(x1),
  Math.ceil(y1),
];

function sideOf({ run, prototypes, placement }: MaskCall, axis: 'X' | 'Y', range: readonly [number, number]): Between {
  const [cells, side] = axis === 'X' ? [prototypes.width, run.input.width] : [prototypes.height, run.input.height];
  return neighbours(range, { ...along(placement, axis), cells, side });
}

/** Cells of the grid that a range of pixels lies between. */
interface Extent {
  readonly first: number;
  readonly cells: number;
}

function extentOf({ low, high }: Between): Extent {
  const first = low[0] ?? 0;
  return { first, cells: (high.at(-1) ?? 0) - first + 1 };
}

/** The sum of the prototypes by one object's coefficients, within an extent of the grid. */
function weigh({ prototypes, coefficients }: MaskCall, box: number, { across, down }: Layout): Float64Array {
  const { data, from, count, width, height } = prototypes;
  const field = new Float64Array(across.cells * down.cells);
  for (let plane = 0; plane < count; plane++) {
    const at = coefficients.from + box * coefficients.boxStep + plane * coefficients.fieldStep;
    const factor = coefficients.data[at] as number;
    for (let y = 0; y < down.cells; y++) {
      const start = from + (plane * height + down.first + y) * width + across.first;
      for (let x = 0; x < across.cells; x++) {
        const to = y * across.cells + x;
        field[to] = (field[to] as number) + factor * (data[start + x] as number);
      }
    }
  }
  const broken = field.find((value) => !Number.isFinite(value));
  if (broken !== undefined) throw invalid(`reads a mask that holds ${String(broken)}: expected finite numbers`);
  return field;
}

function drawMask(call: MaskCall, { number, corners }: KeptBox, layout: Layout): DetectedMask {
  const { area, columns, rows, across, down } = layout;
  const { mask } = call.run.asked;
  const { imageWidth } = call.placement;
  const field = weigh(call, number, layout);
  const [left, top, right, bottom] = area;
  const [x0, y0, x1, y1] = corners;
  const rowBytes = 1 + ((right - left + 7) >> 3); // each row begins with the filter's number, 0 for none
  const bits = Buffer.alloc(mask === 'png' ? rowBytes * (bottom - top) : 0);
  const runs: number[] = [];
  let pixels = 0;
  for (let y = top; y < bottom; y++) {
    if (y + 0.5 < y0 || y + 0.5 >= y1) continue;
    const above = ((rows.low[y - top] as number) - down.first) * across.cells;
    const below = ((rows.high[y - top] as number) - down.first) * across.cells;
    const v = rows.weight[y - top] as number;
    for (let x = left; x < right; x++) {
      if (x + 0.5 < x0 || x + 0.5 >= x1) continue;
      const a = (columns.low[x - left] as number) - across.first;
      const b = (columns.high[x - left] as number) - across.first;
      const u = columns.weight[x - left] as number;
      const upper = mix(field[above + a] as number, field[above + b] as number, u);
      const lower = mix(field[below + a] as number, field[below + b] as number, u);
      if (!(mix(upper, lower, v) > 0)) continue;
      pixels++;
      if (mask === 'png') setBit(bits, (y - top) * rowBytes + 1, x - left);
      else addToRuns(runs, y * imageWidth + x);
    }
  }
  if (mask === 'runs') return { area, pixels, runs };
  return { area, pixels, png: writeBitPng({ width: right - left, height: bottom - top }, bits).toString('base64') };
}

const mix = (low: number, high: number, weight: number): number => low + (high - low) * weight;

function setBit(bits: Buffer, rowAt: number, x: number): void {
  const at = rowAt + (x >> 3);
  bits[at] = (bits[at] as number) | (0x80 >> (x & 7));
}

function addToRuns(runs: number[], pixel: number): void {
  const last = runs.length - 2;
  const length = runs[last + 1] ?? 0;
  if (last >= 0 && (runs[last] as number) + length === pixel) runs[last + 1] = length + 1;
  else runs.push(pixel, 1);
}

function tooMuch(objects: number): AppError {
  const fix = 'ask for fewer with ?score= or ?max=, for none with ?mask=none, or send a smaller image';
  return new AppError(
    'INVALID_INPUT',
    `The masks of ${objects} objects of this image are too much for one answer: ${fix}`,
  );
}

function invalid(what: string): AppError {
  return new AppError('MODEL_INVALID', `detection ${what}`);
}
