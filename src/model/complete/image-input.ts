import type { HeaderValue, ImageConfig, OnnxHeader } from '../config.js';
import { contradiction } from './contradiction.js';

/** The input whose pixels a task's answer refers to, and how it lies. Throws MODEL_INVALID where that cannot be told. */
export function findPixels(
  task: 'detection' | 'segmentation',
  { inputs }: OnnxHeader,
  image: ImageConfig | undefined,
): { readonly name: string; readonly layout: 'NCHW' | 'NHWC' } {
  if (image !== undefined) return { name: image.input, layout: image.layout };
  const [input, other] = inputs.filter(({ shape }) => shape.length === 4);
  if (input === undefined || other !== undefined) {
    throw contradiction(
      `${task} needs to know which input is the image, and ${input === undefined ? 'none has' : 'several have'} 4 dimensions`,
      'Name it in image.input',
    );
  }
  return { name: input.name, layout: isNhwc(input) ? 'NHWC' : 'NCHW' };
}

function isNhwc({ shape: [, a = -1, , c = -1] }: HeaderValue): boolean {
  return a !== 1 && a !== 3 && (c === 1 || c === 3);
}
