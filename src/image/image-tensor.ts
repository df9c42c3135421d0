import { AppError } from '../errors.js';
import type { ImageConfig } from '../model/config.js';
import { arrayOf } from '../tensor/datatype.js';
import { fitsShape, formatShape, type Shape } from '../tensor/shape.js';
import type { BytesElement, NumericTensor, TensorSpec } from '../tensor/tensor.js';
import { channelTables, pictureDatatype } from './channel-tables.js';
import { decodeImage, readUprightSize } from './decode.js';
import { pictureBytes } from './image-bytes.js';
import type { ImageSize } from './fit.js';
import { centreWindow, writePixels, type Pixels, type Window } from './preprocess.js';

/** One picture as a model's input of one row; see imagesToTensor. */
export function imageToTensor(picture: BytesElement, config: ImageConfig, spec: TensorSpec): Promise<NumericTensor> {
  return imagesToTensor([picture], config, spec);
}

/**
 * Pictures (files, or their base64) as one input tensor, a row each, by the steps in docs/images.md. Rejects with
 * INVALID_INPUT for a picture that cannot be read or does not fit the input, PAYLOAD_TOO_LARGE for one with too many
 * pixels, MODEL_INVALID where the input's datatype takes no picture.
 */
export async function imagesToTensor(
  pictures: readonly BytesElement[],
  config: ImageConfig,
  spec: TensorSpec,
): Promise<NumericTensor> {
  const datatype = pictureDatatype(spec);
  const tables = channelTables(config, datatype);
  const cuts = await Promise.all(pictures.map((picture, n) => cutPicture(picture, config, [n + 1, pictures.length])));
  const shape = shapeOf(cuts, config, spec);
  const length = tables.length * (cuts[0]?.window.width ?? 0) * (cuts[0]?.window.height ?? 0);
  const data = new (arrayOf(datatype))(length * cuts.length);
  cuts.forEach(({ pixels, window }, n) => {
    const out = data.subarray(n * length, (n + 1) * length);
    writePixels(pixels, window, { coding: { color: config.color, layout: config.layout, tables }, out });
  });
  return { datatype, shape, data };
}

/** Images as an input tensor, with their own sizes. */
export interface SizedImages {
  readonly tensor: NumericTensor;
  /** Upright, one a row. */
  readonly sizes: readonly ImageSize[];
}

/** The same as imagesToTensor, for answers in pixels of the images. */
export async function imagesWithSizes(
  pictures: readonly BytesElement[],
  config: ImageConfig,
  spec: TensorSpec,
): Promise<SizedImages> {
  const tensor = await imagesToTensor(pictures, config, spec);
  return { tensor, sizes: await Promise.all(pictures.map((picture) => readUprightSize(pictureBytes(picture)))) };
}

interface Cut {
  readonly pixels: Pixels;
  readonly window: Window;
}

/** Decodes one picture; a refusal says which of several it was. */
async function cutPicture(
  picture: BytesElement,
  config: ImageConfig,
  [number, count]: readonly [number: number, count: number],
): Promise<Cut> {
  try {
    const pixels = await decodeImage(pictureBytes(picture), config.resize);
    return { pixels, window: centreWindow(pixels, config.crop) };
  } catch (error) {
    if (count === 1 || !(error instanceof AppError)) throw error;
    const details = { ...error.details, picture: number };
    throw new AppError(error.code, `Picture ${number} of ${count}: ${error.message}`, { details, cause: error });
  }
}

/** The tensor's shape, if all pictures have one size and the input takes it. */
function shapeOf(cuts: readonly Cut[], { color, layout, input }: ImageConfig, spec: TensorSpec): Shape {
  const sizes = cuts.map(({ window }) => `${window.width}x${window.height}`);
  const other = sizes.findIndex((size) => size !== sizes[0]);
  const first = cuts[0]?.window;
  if (first === undefined)
    throw new AppError('INVALID_INPUT', `No picture was sent for input ${input}; expected one or more.`);
  if (other !== -1) {
    throw new AppError(
      'INVALID_INPUT',
      `Picture ${other + 1} of ${sizes.length} is ${sizes[other] ?? ''} after the resize and picture 1 is ${sizes[0] ?? ''}; ` +
        'pictures of one request must come to one size. Send them in separate requests, or set a crop in model.json.',
      { details: { sizes } },
    );
  }
  const channels = color === 'gray' ? 1 : 3;
  const { width, height } = first;
  const row = layout === 'NCHW' ? [channels, height, width] : [height, width, channels];
  const shape = [cuts.length, ...row];
  if (fitsShape(shape, spec.shape)) return shape;
  throw new AppError(
    'INVALID_INPUT',
    `Expected shape ${formatShape(spec.shape)} for input ${input} but ${cuts.length} picture(s) of ${width}x${height} give ` +
      `${formatShape(shape)} (${layout}, ${color}). Send as many pictures as the model takes, or correct image in model.json.`,
    { details: { input, shape, expected: spec.shape } },
  );
}
