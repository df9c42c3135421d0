import { AppError, messageOf } from '../errors.js';
import type { ImageFormat } from './files/format.js';
import type { ImageSize } from './fit.js';

/** Bytes in an unknown format. */
export function unknownImage(bytes: Uint8Array, what: string): AppError {
  const size = bytes.length === 0 ? '' : ` (${bytes.length} bytes)`;
  return new AppError(
    'INVALID_INPUT',
    `The image${size} cannot be read: it seems to be ${what}. Expected JPEG, PNG, WebP, GIF, TIFF or AVIF.`,
    { details: { bytes: bytes.length, seems: what } },
  );
}

/** An image whose colours nobody could tell for sure. */
export function unreadSamples(format: ImageFormat, what: string): AppError {
  return new AppError(
    'INVALID_INPUT',
    `The ${format.toUpperCase()} image has ${what}, which is not read. Expected gray, RGB or CMYK samples of up to 16 bits, ` +
      'gray or RGB of 32 bits, or floats with a colour profile. Save it with 8 bits a sample as sRGB.',
    { details: { format, has: what } },
  );
}

/** An image of a known format that the decoder gave up on. */
export function damagedImage(bytes: Uint8Array, format: ImageFormat, cause: unknown): AppError {
  return new AppError(
    'INVALID_INPUT',
    `The ${format.toUpperCase()} image (${bytes.length} bytes) is damaged or cut off: ${messageOf(cause)}. Send the whole file.`,
    { details: { bytes: bytes.length, format }, cause },
  );
}

/** A JPEG of more scans than are decoded. */
export function tooManyScans(bytes: Uint8Array, most: number): AppError {
  const text = `The JPEG image (${bytes.length} bytes) has more than ${most} scans, each of which takes the time of all its pixels. Expected about ten. Save it again.`;
  return new AppError('INVALID_INPUT', text, { details: { bytes: bytes.length, most } });
}

interface Size extends ImageSize {
  /** The limit in pixels that holds for it. */
  readonly maxPixels: number;
}

/** An image with a side that is longer than any that is decoded. */
export function tooLong(
  format: ImageFormat,
  { width, height, longestSide }: ImageSize & { readonly longestSide: number },
): AppError {
  return new AppError(
    'PAYLOAD_TOO_LARGE',
    `The ${format.toUpperCase()} image has ${width}x${height} pixels; neither side may have more than ${longestSide}. Send it in parts.`,
    { details: { width, height, longestSide } },
  );
}

/** Images of one run that have together more pixels than are decoded. */
export function tooManyTogether(all: {
  readonly images: number;
  readonly pixels: number;
  readonly most: number;
}): AppError {
  return new AppError(
    'PAYLOAD_TOO_LARGE',
    `The ${all.images} images have together ${all.pixels} pixels; the limit for images of one run is ${all.most}. Send fewer at once.`,
    { details: all },
  );
}

/** An image of more pixels than are decoded. */
export function tooManyPixels(format: ImageFormat, { width, height, maxPixels }: Size, cause?: unknown): AppError {
  return new AppError(
    'PAYLOAD_TOO_LARGE',
    `The ${format.toUpperCase()} image has ${width}x${height} = ${width * height} pixels; the limit is ${maxPixels}. Send a smaller one.`,
    { details: { width, height, maxPixels }, cause },
  );
}
