import { AppError } from '../errors.js';
import type { ImageConfig } from '../model/config.js';
import type { ImageInput } from '../model/image-input.js';
import { arrayOf } from '../tensor/datatype.js';
import { fitsShape, formatShape, type Shape } from '../tensor/shape.js';
import type { BytesElement, NumericTensor, TensorSpec } from '../tensor/tensor.js';
import { channelTables, imageDatatype } from './channel-tables.js';
import { inTurns } from '../in-turns.js';
import { decodeImage, decodingTurns, readUprightSize, encodePng } from './decode.js';
import { imageBytes } from './image-bytes.js';
import type { ImageSize } from './fit.js';
import { centreWindow, writePixels, type Pixels, type Window } from './preprocess.js';
import { numbersOf } from '../tensor/half.js';

/** One image as a model's input of one row; see imagesToTensor. */
export function imageToTensor(image: BytesElement, config: ImageConfig, spec: TensorSpec): Promise<NumericTensor> {
  return imagesToTensor([image], config, spec);
}

/**
 * Images (files, or their base64) as one input tensor, a row each, by the steps in docs/images.md. Rejects with
 * INVALID_INPUT for an image that cannot be read or does not fit the input, PAYLOAD_TOO_LARGE for one with too many
 * pixels, MODEL_INVALID where the input's datatype takes no image.
 */
export async function imagesToTensor(
  images: readonly BytesElement[],
  config: ImageConfig,
  spec: TensorSpec,
): Promise<NumericTensor> {
  return cutsToTensor(await cutImages(images.map(imageBytes), { config, spec }), { config, spec });
}

/** An image decoded and resized, and what the model sees of it. */
export interface Cut {
  readonly pixels: Pixels;
  readonly window: Window;
}

/** Which of the images were decoded before, and whether the rest is left for another time once one more is. */
export interface Part {
  readonly done: readonly Cut[];
  readonly isOver: () => boolean;
}

const whole: Part = { done: [], isOver: () => false };

/** Image files decoded, in their order, the rest after those that are done. Rejects as imagesToTensor does. */
export async function cutImages(
  files: readonly Uint8Array[],
  { config, spec }: ImageInput,
  { done, isOver }: Part = whole,
): Promise<readonly Cut[]> {
  imageDatatype(spec);
  const left = files.slice(done.length);
  const turns = { ...(await decodingTurns(left)), isOver };
  const cuts = await inTurns(left, turns, (file, n) => cutImage(file, config, [done.length + n + 1, files.length]));
  return [...done, ...cuts];
}

/** An input, and how many rows it is to have: copies of the last image fill it up. */
type FilledInput = ImageInput & { readonly rows?: number };

/** All images of an input, decoded, as the input; see imagesToTensor. Throws INVALID_INPUT and MODEL_INVALID. */
export function cutsToTensor(cuts: readonly Cut[], { config, spec, rows = cuts.length }: FilledInput): NumericTensor {
  const datatype = imageDatatype(spec);
  const tables = channelTables(config, datatype);
  const shape = shapeOf(cuts, { config, spec, rows });
  const length = tables.length * (cuts[0]?.window.width ?? 0) * (cuts[0]?.window.height ?? 0);
  const data = new (arrayOf(datatype))(length * rows);
  cuts.forEach(({ pixels, window }, n) => {
    const out = data.subarray(n * length, (n + 1) * length);
    writePixels(pixels, window, { coding: { color: config.color, layout: config.layout, tables }, out });
  });
  for (let n = cuts.length; n < rows; n += 1) data.copyWithin(n * length, (n - 1) * length, n * length);
  return { datatype, shape, data };
}

/** Images as an input tensor, with their own sizes. */
export interface SizedImages {
  readonly tensor: NumericTensor;
  /** Upright, one a row. */
  readonly sizes: readonly ImageSize[];
  /** What the model sees of each, as PNG; where that was asked for. */
  readonly previews?: readonly Uint8Array[];
}

/** The same as cutsToTensor of these files, for answers in pixels of the images. */
export async function cutsWithSizes(
  cuts: readonly Cut[],
  files: readonly Uint8Array[],
  { withPreviews, ...input }: FilledInput & { readonly withPreviews: boolean },
): Promise<SizedImages> {
  const tensor = cutsToTensor(cuts, input);
  const sizes = await Promise.all(files.map(readUprightSize));
  if (!withPreviews) return { tensor, sizes };
  const previews = await previewImages(tensor, input.config);
  return { tensor, sizes, previews: previews.slice(0, cuts.length) };
}

/** Decodes one image; a refusal says which of several it was. */
async function cutImage(
  file: Uint8Array,
  config: ImageConfig,
  [number, count]: readonly [number: number, count: number],
): Promise<Cut> {
  try {
    const pixels = await decodeImage(file, config.resize);
    return { pixels, window: centreWindow(pixels, config.crop) };
  } catch (error) {
    if (count === 1 || !(error instanceof AppError)) throw error;
    const details = { ...error.details, image: number };
    throw new AppError(error.code, `Image ${number} of ${count}: ${error.message}`, { details, cause: error });
  }
}

/** The tensor's shape, if all images have one size and the input takes it. */
function shapeOf(
  cuts: readonly Cut[],
  { config: { color, layout, input }, spec, rows }: FilledInput & { readonly rows: number },
): Shape {
  const sizes = cuts.map(({ window }) => `${window.width}x${window.height}`);
  const other = sizes.findIndex((size) => size !== sizes[0]);
  const first = cuts[0]?.window;
  if (first === undefined)
    throw new AppError('INVALID_INPUT', `No image was sent for input ${input}; expected one or more.`);
  if (other !== -1) {
    throw new AppError(
      'INVALID_INPUT',
      `Image ${other + 1} of ${sizes.length} is ${sizes[other] ?? ''} after the resize and image 1 is ${sizes[0] ?? ''}; ` +
        'images of one request must end up with one size. Send them in separate requests, or set a crop in model.json.',
      { details: { sizes } },
    );
  }
  const channels = color === 'gray' ? 1 : 3;
  const { width, height } = first;
  const row = layout === 'NCHW' ? [channels, height, width] : [height, width, channels];
  const shape = spec.shape.length === 3 && rows === 1 ? row : [rows, ...row];
  if (fitsShape(shape, spec.shape)) return shape;
  throw new AppError(
    'INVALID_INPUT',
    `Expected shape ${formatShape(spec.shape)} for input ${input} but ${cuts.length} image(s) of ${width}x${height} give ` +
      `${formatShape(shape)} (${layout}, ${color}). Send as many images as the model takes, or correct image in model.json.`,
    { details: { input, shape, expected: spec.shape } },
  );
}

/** What takes an input's values back to pixels. */
export type PreviewConfig = Pick<ImageConfig, 'color' | 'layout' | 'scale' | 'mean' | 'std'>;

/** The images of an input as PNGs, a row each: what the model sees, in the input's size, with bars and crops as they are. */
export function previewImages(tensor: NumericTensor, config: PreviewConfig): Promise<readonly Uint8Array[]> {
  return Promise.all(readBack(tensor, config).map(encodePng));
}

/**
 * The pixels that an input's values stand for: (value * std + mean) / scale, to the nearest of 0..255, so that what a datatype has cut off is
 * missing here too. Gray is answered as three like channels, inverted images stay inverted.
 */
export function readBack(tensor: NumericTensor, config: PreviewConfig): readonly Pixels[] {
  const { color, layout } = config;
  const [a = 0, b = 0, c = 0] = tensor.shape.slice(-3);
  const rows = tensor.shape.length === 3 ? 1 : (tensor.shape[0] ?? 0);
  const [channels, height, width] = layout === 'NCHW' ? [a, b, c] : [c, a, b];
  const values = numbersOf(tensor);
  const all = width * height;
  return Array.from({ length: rows }, (_, row) => {
    const data = new Uint8Array(all * 3);
    for (let channel = 0; channel < 3; channel += 1) {
      const own = color === 'gray' ? 0 : color === 'bgr' ? 2 - channel : channel;
      const [mean, std] = [config.mean[own] ?? config.mean[0] ?? 0, config.std[own] ?? config.std[0] ?? 1];
      const first = row * channels * all + (layout === 'NCHW' ? own * all : own);
      const step = layout === 'NCHW' ? 1 : channels;
      for (let at = 0; at < all; at += 1) {
        const pixel = Math.round((Number(values[first + at * step]) * std + mean) / config.scale);
        data[at * 3 + channel] = Math.min(Math.max(pixel, 0), 255);
      }
    }
    return { data, width, height };
  });
}
