import type sharpModule from 'sharp';
import { AppError, messageOf } from '../errors.js';
import type { ResizeConfig } from '../model/config.js';
import { sniffImage } from './format.js';
import type { Pixels } from './preprocess.js';

/** Limits and threads of picture decoding; they hold for the whole process, as the library's own do. */
export interface ImageSettings {
  /** Threads for one picture. */
  readonly threads: number;
  /** Most pixels of one picture; more are refused before they are decoded. */
  readonly maxPixels?: number;
}

/** What transparent pixels are laid on. */
const flattenBackground = { r: 255, g: 255, b: 255 };

let threads = 1;
let maxPixels = 64 * 2 ** 20;
let loading: Promise<typeof sharpModule> | undefined;

/** Sets limits and threads; a setting left out stays as it is. */
export function configureImages(settings: ImageSettings): void {
  threads = settings.threads;
  maxPixels = settings.maxPixels ?? maxPixels;
  void loading?.then((sharp) => sharp.concurrency(threads));
}

/** Loads the decoder, which otherwise the first picture waits for. */
export async function preloadImages(): Promise<void> {
  await loadSharp();
}

function loadSharp(): Promise<typeof sharpModule> {
  loading ??= import('sharp').then(({ default: sharp }) => {
    sharp.concurrency(threads);
    // The cache keeps operations on files; every picture here is a new buffer.
    sharp.cache(false);
    return sharp;
  });
  return loading;
}

/**
 * Decodes a picture, turns it upright, brings its colours to 8-bit sRGB, lays it on white and resizes it.
 * Rejects with INVALID_INPUT for what is no whole picture of a known format, with PAYLOAD_TOO_LARGE for too many pixels.
 */
export async function decodeImage(bytes: Uint8Array, resize: ResizeConfig): Promise<Pixels> {
  const sniffed = sniffImage(bytes);
  if (sniffed.kind === 'other') throw unknownPicture(bytes, sniffed.what);
  const sharp = await loadSharp();
  const { width, height, fit, background } = resize;
  const [r = 0, g = r, b = r] = background;
  try {
    const { data, info } = await sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels, autoOrient: true })
      .flatten({ background: flattenBackground })
      .resize({ width, height, fit, background: { r, g, b }, kernel: 'linear', fastShrinkOnLoad: false })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { data, width: info.width, height: info.height };
  } catch (cause) {
    throw await refusalOf(bytes, sniffed.format, cause);
  }
}

function unknownPicture(bytes: Uint8Array, what: string): AppError {
  const size = bytes.length === 0 ? '' : ` (${bytes.length} bytes)`;
  return new AppError(
    'INVALID_INPUT',
    `The picture${size} cannot be read: it seems to be ${what}. Expected JPEG, PNG, WebP, GIF, TIFF or AVIF.`,
    { details: { bytes: bytes.length, seems: what } },
  );
}

/** Why the library refused a picture of a known format. */
async function refusalOf(bytes: Uint8Array, format: string, cause: unknown): Promise<AppError> {
  const text = messageOf(cause);
  if (!/exceeds pixel limit/.test(text)) {
    const message = `The ${format.toUpperCase()} picture (${bytes.length} bytes) is damaged or cut off: ${text}. Send the whole file.`;
    return new AppError('INVALID_INPUT', message, { details: { bytes: bytes.length, format }, cause });
  }
  const sharp = await loadSharp();
  const { width, height } = await sharp(bytes, { limitInputPixels: false }).metadata();
  return new AppError(
    'PAYLOAD_TOO_LARGE',
    `The ${format.toUpperCase()} picture has ${width}x${height} = ${width * height} pixels; the limit is ${maxPixels}. Send a smaller one.`,
    { details: { width, height, maxPixels }, cause },
  );
}
