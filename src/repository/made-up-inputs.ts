import type { ImageConfig, ModelConfig, OnnxHeader } from '../model/config.js';
import { drawTensors, mostMadeUp, type DrawOptions } from '../tensor/drawn.js';
import type { DeclaredShape } from '../tensor/shape.js';
import type { NamedTensors } from '../tensor/tensor.js';

/** Made-up tensors for a model's inputs; a picture has the size of `model.json`. Throws INVALID_INPUT where one is too large. */
export function makeInputs({ inputs }: OnnxHeader, { image }: ModelConfig, options: DrawOptions): NamedTensors {
  const specs = inputs.map((input) =>
    image?.input === input.name ? { ...input, shape: pictureShape(input.shape, image) } : input,
  );
  return drawTensors(specs, { ...options, maxElements: mostMadeUp });
}

/** A declared shape with the variable dimensions of a picture filled in; the first, the rows, is left. */
function pictureShape(shape: DeclaredShape, { crop, resize, color, layout }: ImageConfig): DeclaredShape {
  const { width, height } = crop ?? resize;
  const channels = color === 'gray' ? 1 : 3;
  const picture = layout === 'NCHW' ? [channels, height, width] : [height, width, channels];
  return shape.map((dim, axis) => (dim === -1 ? (picture[axis - 1] ?? dim) : dim));
}
