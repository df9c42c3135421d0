import type { TensorSpec } from '../tensor/tensor.js';
import type { ImageConfig, ModelConfig } from './config.js';

/** An input and how it is made of images. */
export interface ImageInput {
  readonly config: ImageConfig;
  readonly spec: TensorSpec;
}

/** Images that each run takes, where the file fixes a number of several. */
export function imagesARun({ spec: { shape } }: Pick<ImageInput, 'spec'>): number | undefined {
  const [rows = 1] = shape;
  return shape.length === 4 && rows > 1 ? rows : undefined;
}

/** The input that a model makes of images; undefined where it takes none. */
export function imageInputOf(
  { image: config }: Pick<ModelConfig, 'image'>,
  inputs: readonly TensorSpec[],
): ImageInput | undefined {
  const spec = inputs.find(({ name }) => name === config?.input);
  return config === undefined || spec === undefined ? undefined : { config, spec };
}
