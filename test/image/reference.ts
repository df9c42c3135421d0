import type { ImageConfig, ResampleLibrary, ResampleMethod } from '../../src/model/config.js';

/** An image as plain numbers: RGB in 0..255, not rounded, row by row. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly rgb: readonly number[];
}

/** Draws an image from a function of column and row. */
export function draw(width: number, height: number, color: (x: number, y: number) => readonly number[]): Image {
  const rgb = Array.from({ length: width * height }, (_, n) => color(n % width, Math.floor(n / width))).flat();
  return { width, height, rgb };
}

/** The colour at a column and row; beyond the edge the edge's own. */
function colorAt({ width, height, rgb }: Image, x: number, y: number): readonly number[] {
  const [inX, inY] = [Math.min(Math.max(x, 0), width - 1), Math.min(Math.max(y, 0), height - 1)];
  const from = (inY * width + inX) * 3;
  return rgb.slice(from, from + 3);
}

const span = (from: number, to: number): readonly number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n);

/** Swaps rows and columns: the horizontal steps then do the vertical ones. */
const transpose = (image: Image): Image => draw(image.height, image.width, (x, y) => colorAt(image, y, x));

type Weigh = (distance: number) => number;

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
const triangle: Weigh = (x) => Math.max(0, 1 - Math.abs(x));

function cubic(a: number): Weigh {
  return (distance) => {
    const x = Math.abs(distance);
    if (x >= 2) return 0;
    return x < 1 ? (a + 2) * x ** 3 - (a + 3) * x ** 2 + 1 : a * (x ** 3 - 5 * x ** 2 + 8 * x - 4);
  };
}

function lanczos(lobes: number): Weigh {
  return (x) => (Math.abs(x) < lobes ? sinc(x) * sinc(x / lobes) : 0);
}

/** Weights by distance, of either library. `area` of OpenCV is another thing, and `nearest` is none. */
const weighs: Readonly<
  Record<ResampleLibrary, Partial<Record<ResampleMethod, readonly [reach: number, weigh: Weigh]>>>
> = {
  pillow: {
    bilinear: [1, triangle],
    bicubic: [2, cubic(-0.5)],
    lanczos: [3, lanczos(3)],
    area: [0.5, (x) => (x > -0.5 && x <= 0.5 ? 1 : 0)],
  },
  opencv: { bilinear: [1, triangle], bicubic: [2, cubic(-0.75)], lanczos: [4, lanczos(4)] },
};

interface How {
  readonly method: ResampleMethod;
  readonly library: ResampleLibrary;
}

/** docs/images.md, "Resampling", along the rows: the weighted mean of the pixels within reach of each place. */
function resampleRows(image: Image, width: number, { method, library }: How): Image {
  const factor = image.width / width;
  const [reach, weigh] = weighs[library][method] ?? [];
  if (reach === undefined || weigh === undefined) throw new Error(`no reference for ${method} of ${library}`);
  // Pillow's weights have 22 bits behind the point.
  const round = (weight: number): number => (library === 'pillow' ? Math.round(weight * 2 ** 22) / 2 ** 22 : weight);
  const stretch = library === 'pillow' ? Math.max(1, factor) : 1;
  return draw(width, image.height, (x, y) => {
    // A pixel's own middle lies half a pixel from its edge.
    const centre = (x + 0.5) * factor;
    // Pillow takes the whole pixels within reach that there are, OpenCV repeats the edge beyond it.
    const inside =
      library === 'pillow'
        ? span(
            Math.max(0, Math.trunc(centre - reach * stretch + 0.5)),
            Math.min(image.width, Math.trunc(centre + reach * stretch + 0.5)) - 1,
          )
        : span(Math.floor(centre) - reach - 1, Math.floor(centre) + reach + 1);
    const weights = inside.map((n) => weigh((n + 0.5 - centre) * (1 / stretch)));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const rounded = weights.map((weight) => round(weight / sum));
    return [0, 1, 2].map((c) => inside.reduce((total, n, at) => total + rounded[at]! * colorAt(image, n, y)[c]!, 0));
  });
}

const levels = (image: Image): Image => ({
  ...image,
  rgb: image.rgb.map((value) => Math.min(255, Math.max(0, Math.round(value)))),
});

/** Pillow rounds and cuts after each axis, OpenCV after both. */
export function resample(image: Image, [width, height]: readonly [number, number], how: How): Image {
  const between = how.library === 'pillow' ? levels : (same: Image): Image => same;
  const rows = (image: Image): Image => (width === image.width ? image : between(resampleRows(image, width, how)));
  const columns = (image: Image): Image =>
    height === image.height ? image : between(transpose(resampleRows(transpose(image), height, how)));
  const lost = [image.width - width, image.height - height] as const;
  const isColumnsFirst = how.library === 'pillow' && lost[1] > 0 && lost[1] > 2 * lost[0];
  return levels(isColumnsFirst ? rows(columns(image)) : columns(rows(image)));
}

/** Rounds to the nearest, halves to even. */
const rint = (value: number): number => {
  const below = Math.floor(value);
  return value - below === 0.5 ? below + (below % 2) : Math.round(value);
};

/** The whole resize of docs/images.md for the fits to a size given, crop and bars included. */
export function resize(image: Image, config: ImageConfig['resize']): Image {
  const { width, height, fit, background, method = 'bilinear', library = 'pillow' } = config;
  const wish = [image.width / width, image.height / height] as const;
  const both = fit === 'cover' || fit === 'outside' ? Math.min(...wish) : Math.max(...wish);
  const [shrinkX, shrinkY] = fit === 'fill' ? wish : [both, both];
  const sizeX = Math.max(1, rint(image.width / shrinkX));
  const sizeY = Math.max(1, rint(image.height / shrinkY));
  const small = resample(image, [sizeX, sizeY], { method, library });
  if (fit !== 'cover' && fit !== 'contain') return small;
  const isCorner = config.anchor === 'top-left';
  const left = isCorner ? 0 : Math.trunc((sizeX - width) / 2);
  const top = isCorner ? 0 : Math.trunc((sizeY - height) / 2);
  const [red = 0, green = red, blue = red] = background;
  return draw(width, height, (x, y) => {
    const [fromX, fromY] = [x + left, y + top];
    const isInside = fromX >= 0 && fromX < sizeX && fromY >= 0 && fromY < sizeY;
    return isInside ? colorAt(small, fromX, fromY) : [red, green, blue];
  });
}
