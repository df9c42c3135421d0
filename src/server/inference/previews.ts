import { AppError } from '../../errors.js';
import type { ServableModel } from '../../repository/types.js';
import type { PredictionInput } from '../codec/prediction-request.js';
import type { ReadImages } from './images.js';

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
