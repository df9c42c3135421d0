import type { ResampleLibrary, ResampleMethod } from '../../model/config.js';
import { rowsOf, type PixelRows } from '../pixel-rows.js';
import type { Pixels, Window } from '../preprocess.js';
import type { PixelKernels } from '../wasm/kernels.js';
import { fixTaps, type FixedTaps } from './fixed-taps.js';
import { tapsOf } from './taps.js';

/** The size that an image is brought to, and the part of it that is wanted. */
export interface Resampling {
  readonly width: number;
  readonly height: number;
  readonly window: Window;
  readonly method: ResampleMethod;
  readonly library: ResampleLibrary;
}

/** OpenCV rounds once, after both axes; Pillow after each. So many bits are kept between them. */
const bitsBetween: Readonly<Record<ResampleLibrary, number>> = { pillow: 0, opencv: 5 };

/** Rows that are written and resampled at a time, so that they stay in the processor's cache. */
const stripBytes = 128 * 1024;

/** Resamples along the rows, then along the columns, as far as the window reaches. The pixels lie in the kernels' memory until more of it is taken. */
export function resample(image: PixelRows, resampling: Resampling, kernels: PixelKernels): Pixels {
  const { window, width, height } = resampling;
  if (image.width === width && image.height === height) return copyRows(image, window, kernels);
  const halved = halvedRows(image, resampling);
  if (halved !== undefined) return copyRows(halved, window, kernels);
  if (isColumnsFirst(image, resampling)) return resampleColumnsFirst(image, resampling, kernels);
  const bits = bitsBetween[resampling.library];
  const [across, down] = cachedTaps(resampling, [image.width, image.height]);
  const top = down.starts.reduce((least, start) => Math.min(least, start), image.height);
  const end = Math.min(image.height, down.starts.reduce((most, start) => Math.max(most, start), 0) + down.count);
  const between = kernels.take((end - top + down.count) * window.width * 6 + 16);
  shrinkRows(image, { across, top, end, window, bits, to: between }, kernels);
  const { startsAt, weightsAt, lowAt } = placeTaps(down, kernels);
  const length = window.width * 3;
  const to = kernels.take(length * window.height + 16);
  const from = between - top * length * 2;
  const shift = down.shift + bits;
  kernels.run.resampleColumns(from, length, window.height, startsAt, weightsAt, lowAt, down.count, shift, to);
  const data = kernels.bytes(to, length * window.height);
  return { data, width: window.width, height: window.height };
}

/** The image at half its size, where each new pixel is the mean of four old ones. */
function halvedRows({ writeHalved, ...image }: PixelRows, { width, height, method, library }: Resampling) {
  if (image.width !== 2 * width || image.height !== 2 * height || writeHalved === undefined) return undefined;
  // Pillow looks at more of them, or rounds after each axis.
  const isMean = library === 'opencv' && (method === 'bilinear' || method === 'area');
  return isMean ? { width, height, write: writeHalved } : undefined;
}

/**
 * Pillow's order from version 13 on: the columns come first where they lose more than twice the pixels that the rows lose. It shows
 * with filters that overshoot, since Pillow cuts to 0 to 255 after each axis.
 */
function isColumnsFirst(image: PixelRows, { width, height, method, library }: Resampling): boolean {
  if (library !== 'pillow' || !overshoots(method) || image.width === width) return false;
  return height < image.height && image.height - height > 2 * (image.width - width);
}

/** Whether a method has weights below 0. */
function overshoots(method: ResampleMethod): boolean {
  return method === 'bicubic' || method === 'lanczos';
}

function resampleColumnsFirst(image: PixelRows, resampling: Resampling, kernels: PixelKernels): Pixels {
  const { window, height } = resampling;
  const whole = { left: 0, top: window.top, width: image.width, height: window.height };
  const low = resample(image, { ...resampling, width: image.width, height, window: whole }, kernels);
  const rows = { ...resampling, height: low.height, window: { ...window, top: 0 } };
  return resample(rowsOf({ ...low, data: low.data.slice() }, kernels), rows, kernels);
}

interface RowsToShrink {
  readonly across: FixedTaps;
  readonly top: number;
  readonly end: number;
  readonly window: Window;
  readonly bits: number;
  readonly to: number;
}

function shrinkRows(image: PixelRows, rows: RowsToShrink, kernels: PixelKernels): void {
  const { across, top, end, window, bits, to } = rows;
  const { startsAt, weightsAt, lowAt } = placeTaps(across, kernels);
  const stride = image.width * 3;
  const count = Math.max(2, Math.min(end - top, Math.ceil(stripBytes / stride)));
  // Weights of 0 read so far beyond the last pixel.
  const strip = kernels.take(count * stride + across.count * 3 + 64);
  const [shift, isCut] = [across.shift - bits, bits === 0 ? 1 : 0];
  for (let y = top; y < end; y += count) {
    const some = Math.min(count, end - y);
    image.write(y, some, strip);
    const into = to + (y - top) * window.width * 6;
    kernels.run.resampleRows(
      strip,
      stride,
      some,
      window.width,
      startsAt,
      weightsAt,
      lowAt,
      across.count,
      shift,
      isCut,
      into,
    );
  }
}

function placeTaps({ starts, weights, low }: FixedTaps, kernels: PixelKernels) {
  const startsAt = kernels.take(starts.byteLength);
  const weightsAt = kernels.take(weights.byteLength);
  const lowAt = low === undefined ? 0 : kernels.take(low.byteLength);
  kernels.words(startsAt, starts.length).set(starts);
  kernels.shorts(weightsAt, weights.length).set(weights);
  if (low !== undefined) kernels.shorts(lowAt, low.length).set(low);
  return { startsAt, weightsAt, lowAt };
}

/** Nothing is resampled: the window as it is. */
function copyRows(image: PixelRows, { left, top, width, height }: Window, kernels: PixelKernels): Pixels {
  const stride = image.width * 3;
  const rows = kernels.take(stride * height + 64);
  image.write(top, height, rows);
  const from = kernels.bytes(rows, stride * height);
  if (width === image.width) return { data: from, width, height };
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    const at = y * stride + left * 3;
    data.set(from.subarray(at, at + width * 3), y * width * 3);
  }
  return { data, width, height };
}

type Axes = readonly [across: FixedTaps, down: FixedTaps];

/** Taps of the last few sizes: a stream of images has one. */
const known = new Map<string, Axes>();
const mostKnown = 16;

function cachedTaps(
  { width, height, window, method, library }: Resampling,
  [fromWidth, fromHeight]: readonly [number, number],
): Axes {
  const { left, top } = window;
  const key = [fromWidth, fromHeight, width, height, left, top, window.width, window.height, method, library].join();
  const found = known.get(key);
  if (found !== undefined) return found;
  const isFine = library === 'pillow' && overshoots(method);
  const isEnlarged = width > fromWidth || height > fromHeight;
  const across = tapsOf({ from: fromWidth, to: width, method, library, isEnlarged }, [left, left + window.width]);
  const down = tapsOf({ from: fromHeight, to: height, method, library, isEnlarged }, [top, top + window.height]);
  const made: Axes = [
    fixTaps(across, { isFine, spareBits: 0 }),
    fixTaps(down, { isFine, spareBits: bitsBetween[library] }),
  ];
  known.set(key, made);
  const [oldest] = known.keys();
  if (known.size > mostKnown && oldest !== undefined) known.delete(oldest);
  return made;
}
