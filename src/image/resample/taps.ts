import type { ResampleLibrary, ResampleMethod } from '../../model/config.js';

/** A weight for each distance from the centre, in pixels; 0 from `reach` on. */
export interface Filter {
  readonly reach: number;
  weigh(distance: number): number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** Cubic convolution with the slope `a` at distance 1 (R. Keys, 1981). */
function cubic(a: number): Filter {
  const weigh = (distance: number): number => {
    const x = Math.abs(distance);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
  };
  return { reach: 2, weigh };
}

/** The mean of the pixels that a new one covers. */
const box: Filter = { reach: 0.5, weigh: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) };
/** Linear interpolation. */
const triangle: Filter = { reach: 1, weigh: (x) => Math.max(0, 1 - Math.abs(x)) };
/** Pillow's slope is -0.5, OpenCV's -0.75. */
const pillowCubic = cubic(-0.5);
/** Cubic interpolation with OpenCV's parameter. */
const openCvCubic = cubic(-0.75);

/** Lanczos's window of so many lobes. */
const lanczos = (lobes: number): Filter => ({
  reach: lobes,
  weigh: (x) => (x >= -lobes && x < lobes ? sinc(x) * sinc(x / lobes) : 0),
});

/** Of which old pixels each new one is made: from the first on, by weights whose sum is 1. */
export interface Tap {
  readonly first: number;
  readonly weights: readonly number[];
}

/** How one axis is resampled. */
export interface AxisResampling {
  readonly from: number;
  readonly to: number;
  readonly method: ResampleMethod;
  readonly library: ResampleLibrary;
  /** Whether this axis or the other is enlarged. */
  readonly isEnlarged: boolean;
}

/** What each of the new pixels `begin` to `end` is made of. */
export function tapsOf(axis: AxisResampling, [begin, end]: readonly [number, number]): readonly Tap[] {
  const tap = axis.library === 'pillow' ? pillowTap(axis) : openCvTap(axis);
  return Array.from({ length: end - begin }, (_, n) => tap(begin + n));
}

type TapAt = (pixel: number) => Tap;

const pillowFilters = { bilinear: triangle, bicubic: pillowCubic, lanczos: lanczos(3), area: box } as const;

/** Pillow: pixels are areas, new ones centred on the old, and where the image shrinks the filter grows with it (antialiasing). */
function pillowTap({ from, to, method }: AxisResampling): TapAt {
  const factor = from / to;
  if (method === 'nearest') return pillowNearest(from, to);
  const filter = pillowFilters[method];
  const stretch = Math.max(factor, 1);
  const reach = filter.reach * stretch;
  return (pixel) => {
    const centre = (pixel + 0.5) * factor;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const end = Math.min(from, Math.trunc(centre + reach + 0.5));
    const weights = Array.from({ length: end - first }, (_, n) =>
      filter.weigh((n + first - centre + 0.5) * (1 / stretch)),
    );
    return { first, weights: normalise(weights) };
  };
}

/** Pillow adds up the places one by one, which decides where a place lies just between two pixels. */
function pillowNearest(from: number, to: number): TapAt {
  const places = new Float64Array(to);
  for (let pixel = 0, place = (from / to) * 0.5; pixel < to; pixel += 1, place += from / to) places[pixel] = place;
  return (pixel) => one(Math.floor(places[pixel] ?? 0), from);
}

/** OpenCV: the same centres, and no antialiasing but that of `area`. */
function openCvTap(axis: AxisResampling): TapAt {
  const { from, to, method } = axis;
  const factor = from / to;
  switch (method) {
    case 'nearest':
      return (pixel) => one(Math.floor(pixel * (1 / (to / from))), from);
    case 'bilinear':
      return interpolation(triangle, axis);
    case 'bicubic':
      return interpolation(openCvCubic, axis);
    case 'lanczos':
      return interpolation(lanczos(4), axis);
    case 'area':
      return axis.isEnlarged ? enlargedArea(axis) : (pixel) => coverage(pixel * factor, (pixel + 1) * factor, from);
  }
}

function one(pixel: number, count: number): Tap {
  return { first: Math.min(pixel, count - 1), weights: [1] };
}

/** A filter of fixed width around the centre; pixels beyond the edge are the edge's own. */
function interpolation(filter: Filter, { from, to }: AxisResampling): TapAt {
  return (pixel) => {
    const centre = (pixel + 0.5) * (from / to) - 0.5;
    const first = Math.floor(centre) - filter.reach + 1;
    const weights = Array.from({ length: filter.reach * 2 }, (_, n) => filter.weigh(first + n - centre));
    return withinEdges(first, normalise(weights), from);
  };
}

/** OpenCV's rule for enlarging by area: steps with a short slope between them. It decides by the same roundings. */
function enlargedArea({ from, to }: AxisResampling): TapAt {
  const growth = to / from;
  return (pixel) => {
    const first = Math.floor(pixel * (1 / growth));
    const beyond = Math.fround(pixel + 1 - (first + 1) * growth);
    const share = beyond <= 0 ? 0 : beyond - Math.floor(beyond);
    return withinEdges(first, [1 - share, share], from);
  };
}

/** Each old pixel by as much of it as lies between two places. */
function coverage(begin: number, end: number, count: number): Tap {
  const first = Math.floor(begin + edge);
  const last = Math.min(count, Math.ceil(end - edge));
  const weights = Array.from(
    { length: last - first },
    (_, n) => Math.min(end, first + n + 1) - Math.max(begin, first + n),
  );
  return { first, weights: normalise(weights) };
}

/** Less of a pixel than this is none. */
const edge = 1e-3;

/** Adds what lies beyond the edges to the outermost pixels. */
function withinEdges(first: number, weights: readonly number[], count: number): Tap {
  const begin = Math.min(Math.max(first, 0), count - 1);
  const inside = new Array<number>(Math.min(first + weights.length, count) - begin).fill(0);
  const sums = inside.length > 0 ? inside : [0];
  weights.forEach((weight, n) => {
    const at = Math.min(Math.max(first + n, begin), begin + sums.length - 1) - begin;
    sums[at] = (sums[at] ?? 0) + weight;
  });
  return { first: begin, weights: sums };
}

function normalise(weights: readonly number[]): readonly number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}
