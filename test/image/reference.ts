import type { ImageConfig } from '../../src/model/config.js';

/** A picture as plain numbers: RGB in 0..255, not rounded, row by row. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb: readonly number[];
}

/** Draws a picture from a function of column and row. */
export function draw(width: number, height: number, color: (x: number, y: number) => readonly number[]): Picture {
  const rgb = Array.from({ length: width * height }, (_, n) => color(n % width, Math.floor(n / width))).flat();
  return { width, height, rgb };
}

/** The colour at a column and row; beyond the edge the edge's own. */
function colorAt({ width, height, rgb }: Picture, x: number, y: number): readonly number[] {
  const [inX, inY] = [Math.min(Math.max(x, 0), width - 1), Math.min(Math.max(y, 0), height - 1)];
  const from = (inY * width + inX) * 3;
  return rgb.slice(from, from + 3);
}

/** Swaps rows and columns: the horizontal steps then do the vertical ones. */
const transpose = (picture: Picture): Picture => draw(picture.height, picture.width, (x, y) => colorAt(picture, y, x));

/** Sum of colours, each times its weight, over the sum of the weights. */
function average(parts: readonly (readonly [weight: number, color: readonly number[]])[]): readonly number[] {
  const weights = parts.reduce((sum, [weight]) => sum + weight, 0);
  return [0, 1, 2].map((c) => parts.reduce((sum, [weight, color]) => sum + weight * color[c]!, 0) / weights);
}

const span = (from: number, to: number): readonly number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n);

/** docs/images.md, "Resize", along the rows: blocks, then triangles as wide as the shrink that is left, or bilinear. */
function resizeRows(picture: Picture, shrink: number, width: number): Picture {
  const block = Math.max(1, Math.floor(shrink / 2));
  const blocks = draw(Math.ceil(picture.width / block), picture.height, (x, y) =>
    average(span(x * block, (x + 1) * block - 1).map((column) => [1, colorAt(picture, column, y)])),
  );
  const rest = shrink / block;
  const reach = Math.max(1, rest);
  return draw(width, picture.height, (x, y) => {
    const centre = rest < 1 ? x * rest - 0.5 : (x + 0.5 - width / 2) * rest + picture.width / block / 2 - 0.5;
    const columns = span(Math.floor(centre - reach), Math.ceil(centre + reach));
    return average(columns.map((n) => [Math.max(0, 1 - Math.abs(n - centre) / reach), colorAt(blocks, n, y)]));
  });
}

/** Rounds to the nearest, halves to even. */
const rint = (value: number): number => {
  const below = Math.floor(value);
  return value - below === 0.5 ? below + (below % 2) : Math.round(value);
};

/** The whole resize of docs/images.md, crop and bars of the fits included. */
export function resize(picture: Picture, config: ImageConfig['resize']): Picture {
  const { width, height, fit, background } = config;
  const wish = [picture.width / width, picture.height / height] as const;
  const both = fit === 'cover' || fit === 'outside' ? Math.min(...wish) : Math.max(...wish);
  const [shrinkX, shrinkY] = fit === 'fill' ? wish : [both, both];
  const sizeX = rint(picture.width / shrinkX);
  const sizeY = rint(picture.height / shrinkY);
  const small = transpose(resizeRows(transpose(resizeRows(picture, shrinkX, sizeX)), shrinkY, sizeY));
  if (fit !== 'cover' && fit !== 'contain') return small;
  const left = Math.ceil((sizeX - width) / 2);
  const top = Math.ceil((sizeY - height) / 2);
  const [red = 0, green = red, blue = red] = background;
  return draw(width, height, (x, y) => {
    const [fromX, fromY] = [x + left, y + top];
    const isInside = fromX >= 0 && fromX < sizeX && fromY >= 0 && fromY < sizeY;
    return isInside ? colorAt(small, fromX, fromY) : [red, green, blue];
  });
}
