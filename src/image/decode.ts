import type sharpModule from 'sharp';
import type { Sharp } from 'sharp';
import { AppError, messageOf } from '../errors.js';
import type { ResizeConfig } from '../model/config.js';
import type { ComputedColors } from './color/plan.js';
import { planFile } from './color/plan-file.js';
import { toSrgb, type ShownPixels } from './color/to-srgb.js';
import { sniffImage, stillOf, type ImageFormat } from './files/format.js';
import { readJpegHeader } from './files/jpeg-header.js';
import { readPlainJpeg } from './files/jpeg-plain.js';
import { hasAllUnits } from './files/jpeg-units.js';
import { decodePlainJpeg } from './files/jpeg-rows.js';
import { hasTooManyScans, mostScans, nextReading, type Reading } from './files/jpeg-scans.js';
import { rowsOf } from './pixel-rows.js';
import type { ImageSize } from './fit.js';
import type { Turns } from '../in-turns.js';
import {
  damagedImage,
  tooLong,
  tooManyPixels,
  tooManyTogether,
  tooManyScans,
  unknownImage,
  unreadSamples,
} from './refusals.js';
import type { Pixels } from './preprocess.js';
import { resizeImage } from './resample/resize.js';
import { withKernels, type PixelKernels } from './wasm/kernels.js';

/** Limits and threads of image decoding; they hold for the whole process, as the library's own do. */
export interface ImageSettings {
  /** Threads for one image. */
  readonly threads: number;
  /** Most pixels of one image; more are refused before they are decoded. */
  readonly maxPixels?: number;
}

/** The library takes most of a microsecond for each row, however short: 50 million of them held a thread for 38 s. Upright, a column may be one. */
const longestSide = 500_000;

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

/** The library; images are decoded by it where nothing quicker is. The first of them waits for it: it takes 25 MB. Rejects with INTERNAL. */
export function loadSharp(): Promise<typeof sharpModule> {
  loading ??= import('sharp').then(({ default: sharp }) => {
    sharp.concurrency(threads);
    // The cache keeps operations on files; every image here is a new buffer.
    sharp.cache(false);
    return sharp;
  }, notLoaded);
  return loading;
}

function notLoaded(cause: unknown): never {
  const text = `The image library sharp cannot be loaded here, so plain JPEGs alone are read: ${messageOf(cause)}`;
  throw new AppError('INTERNAL', text, { cause });
}

/**
 * Decodes an image, turns it upright, brings its colours to 8-bit sRGB, lays it on white and resizes it.
 * Rejects with INVALID_INPUT for what is no whole image of a known format or has samples that are not read, with
 * PAYLOAD_TOO_LARGE for too many pixels.
 */
export async function decodeImage(bytes: Uint8Array, resize: ResizeConfig): Promise<Pixels> {
  const plain = bytes[0] === 0xff ? decodePlain(bytes, resize, copyPixels) : undefined;
  if (plain !== undefined) return plain;
  const format = formatOf(bytes);
  if (format === 'jpeg' && lacksUnits(bytes)) throw damagedImage(bytes, format, 'premature end of data segment');
  const pixels = await decodeAs(format, bytes);
  return withKernels((kernels) => copyPixels(resizeImage(rowsOf(pixels, kernels), resize, { kernels, maxPixels })));
}

/**
 * The same at its own size, of an image that a model has taken already: by the library alone, whose threads leave the caller's free for
 * other work. Blocks that are missing at the end of a JPEG are not looked for again.
 */
export async function decodeWhole(bytes: Uint8Array): Promise<Pixels> {
  return decodeAs(formatOf(bytes), bytes);
}

function formatOf(bytes: Uint8Array): ImageFormat {
  const sniffed = sniffImage(bytes);
  if (sniffed.kind === 'other') throw unknownImage(bytes, sniffed.what);
  return sniffed.format;
}

async function decodeAs(format: ImageFormat, file: Uint8Array): Promise<Pixels> {
  const bytes = stillOf(file);
  if (format === 'jpeg' && hasTooManyScans(bytes)) throw tooManyScans(bytes, mostScans);
  if (format === 'png') refuseLong(format, readPngSize(bytes));
  try {
    return await readWhole({ bytes, failOn: format === 'jpeg' ? 'warning' : 'error' }, format);
  } catch (cause) {
    throw cause instanceof AppError ? cause : await refusalOf(bytes, format, cause);
  }
}

/** Pixels as a PNG, which holds each of them as it is. */
export async function encodePng({ data, width, height }: Pixels): Promise<Uint8Array> {
  const sharp = await loadSharp();
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toBuffer();
}

/** Images of one run may have together as many pixels as so many of the largest: they are seconds of a thread. */
const mostLargeImages = 8;

/**
 * How many images of a run are decoded at once: as many as have together the pixels that one may have. What is read of them waits until
 * this thread has made the model's input of it, and would pile up. Rejects with PAYLOAD_TOO_LARGE where all have too many. What has no
 * readable header is refused by the decoder itself.
 */
export async function decodingTurns(files: readonly Uint8Array[]): Promise<Turns<Uint8Array>> {
  if (files.length === 1) return { most: maxPixels, sizeOf: () => 0 };
  const sizes = await Promise.all(files.map((file) => readUprightSize(file).catch(() => ({ width: 0, height: 0 }))));
  const pixels = new Map(files.map((file, n) => [file, (sizes[n]?.width ?? 0) * (sizes[n]?.height ?? 0)]));
  const all = sizes.reduce((sum, { width, height }) => sum + width * height, 0);
  const most = mostLargeImages * maxPixels;
  if (all > most) throw tooManyTogether({ images: files.length, pixels: all, most });
  return { most: maxPixels, sizeOf: (file) => pixels.get(file) ?? 0 };
}

/** Width and height of an image, upright. Rejects for what has no readable header. */
export async function readUprightSize(bytes: Uint8Array): Promise<ImageSize> {
  const header = bytes[0] === 0xff ? readJpegHeader(bytes) : undefined;
  if (header?.isTurned === false) return { width: header.width, height: header.height };
  const sharp = await loadSharp();
  const { autoOrient } = await sharp(stillOf(bytes), { failOn: 'none', limitInputPixels: false }).metadata();
  return { width: autoOrient.width, height: autoOrient.height };
}

/** More pixels than this are left to the library, which needs no more memory for them than they have. */
const mostPlainPixels = 32 * 2 ** 20;

const copyPixels = ({ data, width, height }: Pixels): Pixels => ({ data: data.slice(), width, height });

/**
 * The common kind of JPEG, decoded and resized at once; undefined where it is of another kind or seems damaged. The pixels that `use` is
 * called with lie in the kernels' memory until more of it is taken.
 */
export function decodePlain<T>(
  bytes: Uint8Array,
  resize: ResizeConfig,
  use: (pixels: Pixels, kernels: PixelKernels) => T,
): T | undefined {
  const plain = readPlainJpeg(bytes);
  if (plain === undefined || plain.width * plain.height > Math.min(maxPixels, mostPlainPixels)) return undefined;
  return withKernels((kernels) => {
    const image = decodePlainJpeg(bytes, plain, kernels);
    return image === undefined ? undefined : use(resizeImage(image, resize, { kernels, maxPixels }), kernels);
  });
}

/** Width and height stand in a PNG's first chunk. */
function readPngSize(png: Uint8Array): ImageSize {
  const { buffer, byteOffset, byteLength } = png;
  if (byteLength < 24) return { width: 0, height: 0 };
  const view = new DataView(buffer, byteOffset);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/** Whether blocks of a JPEG are missing, as far as its kind is one that shows it. */
function lacksUnits(jpeg: Uint8Array): boolean {
  const plain = readPlainJpeg(jpeg);
  return plain !== undefined && plain.width * plain.height <= maxPixels && !hasAllUnits(jpeg, plain);
}

/** Reads an image, a JPEG again for as long as its warnings cost no pixels. */
async function readWhole(reading: Reading, format: ImageFormat): Promise<Pixels> {
  try {
    return await readPixels(reading, format);
  } catch (cause) {
    const again = cause instanceof AppError ? undefined : nextReading(reading, messageOf(cause));
    if (again === undefined) throw cause;
    return readWhole(again, format);
  }
}

async function readPixels(reading: Reading, format: ImageFormat): Promise<Pixels> {
  const image = await openInSrgb(reading, format);
  const { data, info } = await image
    .flatten({ background: flattenBackground })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

/** An image whose colours come out as sRGB. */
async function openInSrgb({ bytes, failOn }: Reading, format: ImageFormat): Promise<Sharp> {
  const sharp = await loadSharp();
  const options = { failOn, limitInputPixels: maxPixels, autoOrient: true } as const;
  const plan = await planFile(bytes, format, async () => {
    const facts = await sharp(bytes, options).metadata();
    refuseLong(format, facts);
    return facts;
  });
  switch (plan.kind) {
    case 'decoder':
      return sharp(bytes, { ...options, ignoreIcc: plan.ignoreProfile });
    case 'computed': {
      const most = Math.floor((maxPixels * mostBytesPerPixel) / Math.max(plan.bytesPerPixel, mostBytesPerPixel));
      const { width, height } = plan.size;
      if (width * height > most) throw tooManyPixels(format, { width, height, maxPixels: most });
      const { data, ...raw } = await computeColors(sharp(bytes, { ...options, ignoreIcc: true }), plan);
      return sharp(data, { raw, limitInputPixels: maxPixels });
    }
    case 'refused':
      throw unreadSamples(format, plan.what);
  }
}

/** Other formats' sides have two bytes. */
function refuseLong(format: ImageFormat, { width, height }: ImageSize): void {
  if (Math.max(width, height) > longestSide) throw tooLong(format, { width, height, longestSide });
}

/** Bytes of a pixel beyond which fewer pixels are read: they lie in memory all at once. */
const mostBytesPerPixel = 8;

const arrays = { uchar: Uint8Array, ushort: Uint16Array, uint: Uint32Array, float: Float32Array } as const;

/** Reads the samples as the file holds them, and brings their colours to sRGB. */
async function computeColors(file: Sharp, plan: ComputedColors): Promise<ShownPixels & Pixels> {
  const { depth, space, scale, profile } = plan;
  // Half a step more: the decoder cuts what is behind the point.
  const samples = scale === undefined ? file : file.linear(scale, 0.5);
  const { data, info } = await samples.toColourspace(space).raw({ depth }).toBuffer({ resolveWithObject: true });
  const { width, height, channels: perPixel } = info;
  const array = new arrays[depth](data.buffer, data.byteOffset, width * height * perPixel);
  return { width, height, ...toSrgb({ ...plan, data: array, perPixel }, profile) };
}

/** Why the library refused an image of a known format. */
async function refusalOf(bytes: Uint8Array, format: ImageFormat, cause: unknown): Promise<AppError> {
  if (!/exceeds pixel limit/.test(messageOf(cause))) return damagedImage(bytes, format, cause);
  const sharp = await loadSharp();
  const { width, height } = await sharp(bytes, { limitInputPixels: false }).metadata();
  return tooManyPixels(format, { width, height, maxPixels }, cause);
}
