import assert from 'node:assert/strict';
import { AppError } from '../../../src/errors.js';
import { decodeImage } from '../../../src/image/decode.js';
import { resizeTo } from '../images.js';
import type { Raster } from './files.js';
import { shown, type Curve, type Space } from './reference.js';

export const [width, height] = [24, 10];
export const pixels = width * height;

/** Colours at the corners of the space, the dark end in fine steps, and no order: 0..1. */
export const colors: readonly (readonly number[])[] = Array.from({ length: pixels }, (_, n) => {
  if (n < 8) return [n >> 2, (n >> 1) & 1, n & 1];
  if (n < 48) return [n / 480, n / 480, n / 480];
  return [((n * 7919) % 4093) / 4092, ((n * n * 31) % 4091) / 4090, ((n * 104_729) % 4099) / 4098];
});
export const grays = colors.map(([, green]) => [green!]);
const alphas = Array.from({ length: pixels }, (_, n) => (n % 3 === 0 ? ((n * 37) % 256) / 255 : 1));

/** Samples as a file of so many bits holds them, and what they then mean. */
function quantise(values: readonly number[], bits: 8 | 16 | 32 | 'half' | 'float') {
  if (bits === 'float') return { file: values.map(Math.fround), mean: values.map(Math.fround) };
  if (bits === 'half') {
    const file = values.map((value) => Math.round(value * 2048) / 2048);
    return { file, mean: file };
  }
  const white = 2 ** bits - 1;
  const file = values.map((value) => Math.round(value * white));
  return { file, mean: file.map((value) => value / white) };
}

interface Made {
  readonly raster: Raster;
  readonly expected: readonly number[];
}

/** A raster of colours or grays, and what it shows. */
export function make(
  source: readonly (readonly number[])[],
  bits: 8 | 16 | 32 | 'half' | 'float',
  how: How = {},
): Made {
  const { space, hasAlpha = false } = how;
  const rows = source.map((color, n) => {
    const { file, mean } = quantise(hasAlpha ? [...color, alphas[n]!] : color, bits);
    return { file, shown: shown(mean.slice(0, color.length), space, hasAlpha ? mean.at(-1) : 1) };
  });
  const perPixel = source[0]!.length + (hasAlpha ? 1 : 0);
  const raster = { width, height, perPixel, values: rows.flatMap(({ file }) => file) };
  return { raster, expected: rows.flatMap((row) => row.shown) };
}

interface How {
  readonly space?: Space | Curve | undefined;
  readonly hasAlpha?: boolean;
}

/** That a file decodes to these pixels at its own size; libvips cuts what is behind the point where it lays on white. */
export async function assertShows(file: Uint8Array, expected: readonly number[], tolerance = 1.5): Promise<void> {
  const { data } = await decodeImage(file, resizeTo(width, height));
  const differences = expected.map((value, n) => Math.abs(value - data[n]!));
  const most = Math.max(...differences);
  const at = differences.indexOf(most);
  assert.equal(data.length, expected.length);
  assert.ok(most <= tolerance, `value ${at} is ${data[at]}, expected ${expected[at]}`);
}

/** That a refusal says these words. */
export const refuses = (words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof AppError);
  assert.equal(error.code, 'INVALID_INPUT');
  assert.match(error.message, words);
  return true;
};
