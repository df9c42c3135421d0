import { AppError } from '../errors.js';
import type { CropConfig, ImageConfig } from '../model/config.js';
import type { NumericData } from '../tensor/datatype.js';
import type { ChannelTables } from './channel-tables.js';
import { withKernels, type PixelKernels } from './wasm/kernels.js';

/** An image's pixels: RGB, 8 bits each, row by row. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** The part of an image that becomes the tensor. */
export interface Window {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The centre of an image. Throws INVALID_INPUT where it is too small. */
export function centreWindow({ width, height }: Pixels, crop: CropConfig | undefined): Window {
  if (crop === undefined) return { left: 0, top: 0, width, height };
  if (crop.width > width || crop.height > height) {
    throw new AppError(
      'INVALID_INPUT',
      `The image is ${width}x${height} after the resize, too small for the crop to ${crop.width}x${crop.height}. ` +
        'Send an image of other proportions, or set image.resize.fit to "outside" or "cover" in model.json.',
      { details: { width, height, crop } },
    );
  }
  const { width: cropWidth, height: cropHeight } = crop;
  return {
    left: cutBefore(width - cropWidth, crop),
    top: cutBefore(height - cropHeight, crop),
    width: cropWidth,
    height: cropHeight,
  };
}

/** Pixels of a margin that a crop cuts before the image: half of them, and of an odd margin as the crop says. */
export function cutBefore(margin: number, { rounding }: CropConfig): number {
  const below = Math.floor(margin / 2);
  return rounding === 'even' && margin % 2 === 1 ? below + (below % 2) : below;
}

/** How pixels become values: tables by channel, in the order of `color`. */
export interface PixelCoding extends Pick<ImageConfig, 'color' | 'layout'> {
  readonly tables: ChannelTables;
}

/** How and where to write: `out` is exactly channels x height x width long. */
export interface PixelSink {
  readonly coding: PixelCoding;
  readonly out: NumericData;
  /** Those in whose memory the pixels lie, where they do. */
  readonly kernels?: PixelKernels;
}

/** Writes a window of an image as tensor values. */
export function writePixels(pixels: Pixels, window: Window, sink: PixelSink): void {
  const { kernels } = sink;
  if (sink.coding.color === 'gray') writeGray(pixels, window, sink);
  else if (sink.out.BYTES_PER_ELEMENT !== 4) writeColor(pixels, window, sink);
  else if (kernels !== undefined) writeWords(pixels, window, { ...sink, kernels });
  else withKernels((own) => writeWords(pixels, window, { ...sink, kernels: own }));
}

/** Pixels whose values are written at a time, so that they stay in the processor's cache. */
const stripPixels = 8 * 1024;

/** Values of 4 bytes are looked up by the module, some rows at a time. */
function writeWords(pixels: Pixels, window: Window, { coding, out: values, kernels }: Required<PixelSink>): void {
  const most = Math.max(1, Math.floor(stripPixels / window.width)) * window.width;
  const words = openWords(pixels, window, { coding, kernels });
  const to = kernels.take(most * 12);
  const out = bytesOf(values);
  const all = window.width * window.height;
  for (let first = 0; first < all; first += most) {
    const count = Math.min(most, all - first);
    words({ first, count, to, apart: most });
    if (coding.layout === 'NHWC') out.set(kernels.bytes(to, count * 12), first * 12);
    else for (const n of [0, 1, 2]) out.set(kernels.bytes(to + n * most * 4, count * 4), (n * all + first) * 4);
  }
}

/** The same, left in the kernels' memory: where they begin. */
export function leaveWords(pixels: Pixels, window: Window, means: WordMeans): number {
  const words = openWords(pixels, window, means);
  const count = window.width * window.height;
  const to = means.kernels.take(count * 12);
  words({ first: 0, count, to, apart: count });
  return to;
}

type WordMeans = Required<Pick<PixelSink, 'coding' | 'kernels'>>;

/** Some pixels whose values go to `to`; planes of one channel begin `apart` values after each other. */
interface WordStrip {
  readonly first: number;
  readonly count: number;
  readonly to: number;
  readonly apart: number;
}

/** What writes values of 4 bytes of a window's pixels. */
function openWords(pixels: Pixels, window: Window, { coding, kernels }: WordMeans): (strip: WordStrip) => void {
  const { color, layout, tables } = coding;
  const rows = placeRows(pixels, window, kernels);
  const tablesAt = kernels.take(3 * 1024);
  const ofPixel = color === 'rgb' ? tables : tables.toReversed();
  ofPixel.forEach((table, n) => kernels.bytes(tablesAt + n * 1024, 1024).set(bytesOf(table)));
  return ({ first, count, to, apart }) => {
    const [step, between] = layout === 'NCHW' ? [4, apart * 4] : [12, 4];
    const [red, blue] = color === 'rgb' ? [to, to + 2 * between] : [to + 2 * between, to];
    kernels.run.writeValues(rows + first * 3, count, tablesAt, red, to + between, blue, step);
  };
}

/** Where a window's rows lie in the kernels' memory, one behind the other: where they are, if that is there. */
function placeRows({ data, width }: Pixels, window: Window, kernels: PixelKernels): number {
  const isThere = data.buffer === kernels.run.memory.buffer;
  if (isThere && window.width === width) return data.byteOffset + window.top * width * 3;
  const [from, length] = [data.byteOffset, data.byteLength];
  const at = kernels.take(window.width * window.height * 3);
  // Taking memory may have moved it.
  const source = isThere ? kernels.bytes(from, length) : data;
  const rows = kernels.bytes(at, window.width * window.height * 3);
  for (let y = 0; y < window.height; y += 1) {
    const start = ((window.top + y) * width + window.left) * 3;
    rows.set(source.subarray(start, start + window.width * 3), y * window.width * 3);
  }
  return at;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: NumericData): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Element kinds differ, element access does not: all tables and tensors of images hold numbers. */
type Elements = Float32Array;

/** Channels side by side in one loop: their values are `step` apart from pixel to pixel, in planes 1 and interleaved 3. */
function writeColor({ data, width }: Pixels, window: Window, { coding, out }: PixelSink): void {
  const { color, layout, tables } = coding;
  const [red, green, blue] = (color === 'rgb' ? tables : tables.toReversed()) as readonly Elements[];
  if (red === undefined || green === undefined || blue === undefined) return;
  const values = out as Elements;
  const step = layout === 'NCHW' ? 1 : 3;
  const apart = layout === 'NCHW' ? window.width * window.height : 1;
  const [redAt, blueAt] = color === 'rgb' ? [0, 2 * apart] : [2 * apart, 0];
  let to = 0;
  for (let y = 0; y < window.height; y += 1) {
    const from = ((window.top + y) * width + window.left) * 3;
    const end = from + window.width * 3;
    for (let at = from; at < end; at += 3, to += step) {
      values[to + redAt] = red[data[at] as number] as number;
      values[to + apart] = green[data[at + 1] as number] as number;
      values[to + blueAt] = blue[data[at + 2] as number] as number;
    }
  }
}

/** Luma of ITU-R BT.601 in 16-bit fixed point, rounded: what common training pipelines call gray. */
function writeGray({ data, width }: Pixels, window: Window, { coding, out }: PixelSink): void {
  const table = coding.tables[0] as Elements;
  const values = out as Elements;
  let to = 0;
  for (let y = 0; y < window.height; y += 1) {
    const from = ((window.top + y) * width + window.left) * 3;
    const end = from + window.width * 3;
    for (let at = from; at < end; at += 3, to += 1) {
      const [red, green, blue] = [data[at] as number, data[at + 1] as number, data[at + 2] as number];
      values[to] = table[(19_595 * red + 38_470 * green + 7_471 * blue + 32_768) >> 16] as number;
    }
  }
}
