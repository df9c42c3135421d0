import type { BoxCoordinates, DetectionConfig, PriorsConfig } from '../../model/tasks/detection-config.js';
import type { Grid } from './grid.js';

/** A box by its corners. */
export interface Box {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** How four numbers become a box. */
export interface BoxOptions extends Pick<DetectionConfig, 'coordinates' | 'units'> {
  /** Pixels of the input. */
  readonly width: number;
  readonly height: number;
  /** Where boxes are offsets: centre and size of each prior, relative to the input. */
  readonly priors?: { readonly grid: Grid; readonly variances: PriorsConfig['variances'] };
}

/** Box `number` of a grid of four fields, in pixels of the input. */
export function readBox(grid: Grid, number: number, options: BoxOptions): Box {
  const { units, priors, width, height } = options;
  const given = fourOf(grid, number);
  const box =
    priors === undefined
      ? toCorners(given, options.coordinates)
      : toCorners(decode(given, fourOf(priors.grid, number), priors.variances), 'cxcywh');
  if (units === 'pixels' && priors === undefined) return box;
  return { x0: box.x0 * width, y0: box.y0 * height, x1: box.x1 * width, y1: box.y1 * height };
}

type Four = readonly [number, number, number, number];

function fourOf({ data, from, boxStep, fieldStep }: Grid, number: number): Four {
  const at = from + number * boxStep;
  return [
    data[at] as number,
    data[at + fieldStep] as number,
    data[at + 2 * fieldStep] as number,
    data[at + 3 * fieldStep] as number,
  ];
}

function toCorners([a, b, c, d]: Four, coordinates: BoxCoordinates): Box {
  switch (coordinates) {
    case 'xyxy':
      return { x0: a, y0: b, x1: c, y1: d };
    case 'yxyx':
      return { x0: b, y0: a, x1: d, y1: c };
    case 'xywh':
      return { x0: a, y0: b, x1: a + c, y1: b + d };
    case 'cxcywh':
      return { x0: a - c / 2, y0: b - d / 2, x1: a + c / 2, y1: b + d / 2 };
  }
}

/** Centre and size from a prior's and offsets (Liu and others, "SSD: Single Shot MultiBox Detector", equation 2 turned round). */
function decode([dx, dy, dw, dh]: Four, [cx, cy, w, h]: Four, [centre, size]: PriorsConfig['variances']): Four {
  return [cx + dx * centre * w, cy + dy * centre * h, w * Math.exp(dw * size), h * Math.exp(dh * size)];
}

/** Boxes that were kept: each candidate is compared with all of them. */
export class KeptBoxes {
  /** Left, top, right, bottom and area of each. */
  readonly #numbers: number[] = [];

  add(box: Box): void {
    this.#numbers.push(box.x0, box.y0, box.x1, box.y1, areaOf(box));
  }

  /** Whether the intersection over union of a box with one of them is more than `most`; of those that only touch it is 0. */
  isOverlapped(box: Box, most: number): boolean {
    const { x0, y0, x1, y1 } = box;
    const area = areaOf(box);
    const numbers = this.#numbers;
    for (let at = 0; at < numbers.length; at += 5) {
      const width = Math.min(numbers[at + 2] as number, x1) - Math.max(numbers[at] as number, x0);
      if (width <= 0) continue;
      const height = Math.min(numbers[at + 3] as number, y1) - Math.max(numbers[at + 1] as number, y0);
      if (height <= 0) continue;
      const shared = width * height;
      if (shared / ((numbers[at + 4] as number) + area - shared) > most) return true;
    }
    return false;
  }
}

const areaOf = ({ x0, y0, x1, y1 }: Box): number => (x1 - x0) * (y1 - y0);
