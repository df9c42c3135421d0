import type { TensorSpec } from '../tensor/tensor.js';
import type { ImageConfig, ModelConfig } from './config.js';

/** An input and how it is made of images. */
export interface ImageInput {
  readonly config: ImageConfig;
  readonly spec: TensorSpec;
}

/** Images that each run takes, where the file fixes a number of several and answers each of them: frames of one film it does not. */
export function imagesARun(config: Pick<ModelConfig, 'image'>, { inputs, outputs }: Specs): number | undefined {
  const { shape = [] } = imageInputOf(config, inputs)?.spec ?? {};
  const [rows = 1] = shape;
  const isAnswered = outputs.every(({ shape: [first = -1] }) => first === -1 || first === rows);
  return shape.length === 4 && rows > 1 && isAnswered ? rows : undefined;
}

interface Specs {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/** The input that a model makes of images; undefined where it takes none. */
export function imageInputOf(
  { image: config }: Pick<ModelConfig, 'image'>,
  inputs: readonly TensorSpec[],
): ImageInput | undefined {
  const spec = inputs.find(({ name }) => name === config?.input);
  return config === undefined || spec === undefined ? undefined : { config, spec };
}
