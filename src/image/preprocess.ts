import { AppError } from '../errors.js';
import type { CropConfig, ImageConfig } from '../model/config.js';
import type { NumericData } from '../tensor/datatype.js';
import type { ChannelTables } from './channel-tables.js';

/** A picture's pixels: RGB, 8 bits each, row by row. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** The part of a picture that becomes the tensor. */
export interface Window {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The centre of a picture; of an odd margin the greater part is cut left and above. Throws INVALID_INPUT where it is too small. */
export function centreWindow({ width, height }: Pixels, crop: CropConfig | undefined): Window {
  if (crop === undefined) return { left: 0, top: 0, width, height };
  if (crop.width > width || crop.height > height) {
    throw new AppError(
      'INVALID_INPUT',
      `The picture is ${width}x${height} after the resize, too small for the crop to ${crop.width}x${crop.height}. ` +
        'Send a picture of other proportions, or set image.resize.fit to "outside" or "cover" in model.json.',
      { details: { width, height, crop } },
    );
  }
  const { width: cropWidth, height: cropHeight } = crop;
  return {
    left: (width - cropWidth + 1) >> 1,
    top: (height - cropHeight + 1) >> 1,
    width: cropWidth,
    height: cropHeight,
  };
}

/** How pixels become values: tables by channel, in the order of `color`. */
export interface PixelCoding extends Pick<ImageConfig, 'color' | 'layout'> {
  readonly tables: ChannelTables;
}

/** How and where to write: `out` is exactly channels x height x width long. */
export interface PixelSink {
  readonly coding: PixelCoding;
  readonly out: NumericData;
}

/** Writes a window of a picture as tensor values. */
export function writePixels(pixels: Pixels, window: Window, sink: PixelSink): void {
  if (sink.coding.color === 'gray') writeGray(pixels, window, sink);
  else writeColor(pixels, window, sink);
}

/** Element kinds differ, element access does not: all tables and tensors of pictures hold numbers. */
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
