import { AppError } from '../../errors.js';
import type { ImageSize } from '../../image/fit.js';
import type { SizedImages } from '../../image/image-tensor.js';
import { findPlainFiles } from '../../image/plain-files.js';
import { omitUndefined } from '../../omit-undefined.js';
import { adviseImage } from '../../model/found/ultraface.js';
import { imageInputOf, imagesARun } from '../../model/image-input.js';
import type { CheckedRequest } from '../../protocol/validate.js';
import type { ServableModel } from '../../repository/types.js';
import type { Shape } from '../../tensor/shape.js';
import type { BytesElement, Tensor } from '../../tensor/tensor.js';
import type { Codec } from '../codec/codec.js';
import type { ImagesToDecode } from '../codec/tasks.js';
import type { PredictionInput } from '../codec/prediction-request.js';

/** The request with its images made into the model's input tensor; the same request where it has none. */
export function withImages<T extends CheckedRequest>(codec: Codec, request: T, model: ServableModel): T | Promise<T> {
  const name = model.config.image?.input;
  const tensor = name === undefined ? undefined : request.inputs.get(name);
  if (name === undefined || tensor?.datatype !== 'BYTES') return request;
  return toImageInput(codec, tensor.data, model).then((input) => {
    return { ...request, inputs: new Map(request.inputs).set(name, input) };
  });
}

/** Images as the model's image input, a row each. Throws INVALID_INPUT where the model takes none. */
function toImageInput(codec: Codec, images: readonly BytesElement[], model: ServableModel): Promise<Tensor> {
  return codec.decodeImages(imagesOf(images, model));
}

/** Images as an input, or as the files of one; the images' own sizes, and the shape of the input where they are files. */
export interface ReadImages extends Pick<SizedImages, 'previews'> {
  readonly tensor: Tensor;
  /** Of the input's rows; further ones fill it up. */
  readonly images: number;
  readonly sizes?: readonly ImageSize[];
  readonly shape?: Shape;
}

/** The images of several runs as files that the model's own workers decode; undefined where they do not, or may not be able to. */
export function findFiles(
  runs: readonly (readonly BytesElement[])[],
  { model, mostPixels }: { readonly model: ServableModel; readonly mostPixels: number },
): readonly ReadImages[] | undefined {
  if (!model.decodesFiles) return undefined;
  const found = runs.map((images) => findPlainFiles(images, imagesOf(images, model), mostPixels));
  const files = found.filter((each) => each !== undefined);
  return files.length === found.length ? files.map((each) => ({ ...each, images: each.sizes.length })) : undefined;
}

/** Images that each run of the model takes, where its file fixes a number of several. */
export function fixedImages(model: ServableModel): number | undefined {
  return imagesARun(model.config, model);
}

/** Only an answer in pixels needs the images' own sizes. Copies of the last image fill the input up to `rows`. */
export async function readImages(
  codec: Codec,
  images: readonly BytesElement[],
  {
    model,
    withPreviews,
    rows,
  }: { readonly model: ServableModel; readonly withPreviews: boolean; readonly rows?: number },
): Promise<ReadImages> {
  const decoding = { ...imagesOf(images, model), ...omitUndefined({ rows }) };
  const { detection, segmentation } = model.config;
  if (withPreviews || detection !== undefined || segmentation !== undefined) {
    return { ...(await codec.decodeSizedImages(decoding, withPreviews)), images: images.length };
  }
  return { tensor: await codec.decodeImages(decoding), images: images.length };
}

function imagesOf(images: readonly BytesElement[], model: ServableModel): ImagesToDecode {
  const input = imageInputOf(model.config, model.inputs);
  if (input !== undefined) return { model: model.name, images, ...input };
  const inputs = `its inputs (${model.inputs.map(({ name }) => name).join(', ')}) as tensors`;
  const advice = adviseImage(model.header);
  const instead =
    model.config.text === undefined ? inputs : '{"text": "..."}, or text with the Content-Type text/plain,';
  const ways = advice === undefined ? '' : `, or write into its model.json: ${advice}`;
  throw new AppError(
    'INVALID_INPUT',
    `Model '${model.name}' takes no images: its model.json has no "image". Send ${instead} instead${ways}.`,
  );
}

/** Throws INVALID_INPUT where a preview is asked for of what holds no image. */
export function checkPreview(input: PredictionInput, { config, name }: ServableModel): void {
  const sent = input.kind === 'tensors' ? input.request.inputs.get(config.image?.input ?? '') : undefined;
  if (input.kind === 'images' || sent?.datatype === 'BYTES') return;
  throw new AppError(
    'INVALID_INPUT',
    `'preview' shows an image as the model saw it, but model '${name}' was sent ${input.kind}: send a file, or leave 'preview' out`,
  );
}

/** Memory of those of several runs. */
export function previewBytes(read: readonly Pick<ReadImages, 'previews'>[]): number {
  return (joinPreviews(read).previews ?? []).reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** Those of several runs in their order; nothing where none were asked for. */
export function joinPreviews(read: readonly Pick<ReadImages, 'previews'>[]): Pick<ReadImages, 'previews'> {
  const previews = read.flatMap((each) => each.previews ?? []);
  return previews.length === 0 ? {} : { previews };
}

/** PNGs as a member of the answer: one in base64, or a list of them. */
export function writePreviews(previews: readonly Uint8Array[] | undefined, isAlone: boolean): string {
  if (previews === undefined) return '';
  const texts = previews.map(({ buffer, byteOffset, length }) =>
    JSON.stringify(Buffer.from(buffer, byteOffset, length).toString('base64')),
  );
  return `,"preview":${texts.length === 1 && isAlone ? (texts[0] ?? '') : `[${texts.join(',')}]`}`;
}
