import { AppError } from '../../errors.js';
import type { ResizeConfig } from '../../model/config.js';
import { fitImage, type Fitting } from '../fit.js';
import type { PixelRows } from '../pixel-rows.js';
import type { Pixels } from '../preprocess.js';
import { resample } from './resample.js';
import type { PixelKernels } from '../wasm/kernels.js';

/**
 * Brings an image to its size, as docs/images.md says. The pixels may lie in the kernels' memory, until more of it is taken. Throws
 * INVALID_INPUT where they would be more than `maxPixels`.
 */
export function resizeImage(image: PixelRows, resize: ResizeConfig, { kernels, maxPixels }: ResizeMeans): Pixels {
  const fitting = fitImage(image, resize);
  const { scaled, window, canvas } = fitting;
  if (canvas.width * canvas.height > maxPixels) throw tooLarge(image, fitting, maxPixels);
  const { method = 'bilinear', library = 'pillow' } = resize;
  const pixels = resample(image, { ...scaled, window, method, library }, kernels);
  return layOn(pixels, fitting, resize);
}

/** With what to resize, and the most pixels that may come out. */
export interface ResizeMeans {
  readonly kernels: PixelKernels;
  readonly maxPixels: number;
}

function tooLarge({ width, height }: PixelRows, { canvas }: Fitting, maxPixels: number): AppError {
  const made = `${canvas.width}x${canvas.height}`;
  return new AppError(
    'INVALID_INPUT',
    `The ${width}x${height} image comes to ${made} pixels after the resize; the limit is ${maxPixels}. ` +
      'Send one of other proportions, or set another image.resize.fit in model.json.',
    { details: { width, height, resized: made, maxPixels } },
  );
}

function layOn(pixels: Pixels, { canvas }: Fitting, { background }: ResizeConfig): Pixels {
  const { width, height, left, top } = canvas;
  if (pixels.width === width && pixels.height === height) return pixels;
  const [red = 0, green = red, blue = red] = background.map((level) => Math.round(level));
  const data = new Uint8Array(width * height * 3);
  for (let at = 0; at < data.length; at += 3) {
    data[at] = red;
    data[at + 1] = green;
    data[at + 2] = blue;
  }
  for (let y = 0; y < pixels.height; y += 1) {
    const row = pixels.data.subarray(y * pixels.width * 3, (y + 1) * pixels.width * 3);
    data.set(row, ((top + y) * width + left) * 3);
  }
  return { data, width, height };
}
