import type { HeaderValue, ImageConfig, ModelConfig, OnnxHeader } from '../../model/config.js';
import { drawTensors, mostMadeUp, type DrawOptions } from '../../tensor/drawn.js';
import type { DeclaredShape } from '../../tensor/shape.js';
import type { NamedTensors, TensorSpec } from '../../tensor/tensor.js';

/** Made-up tensors for a model's inputs; an image has the size of `model.json`. Throws INVALID_INPUT where one is too large. */
export function makeInputs(header: OnnxHeader, config: ModelConfig, options: DrawOptions): NamedTensors {
  return drawTensors(withImages(header, config), { ...options, maxElements: mostMadeUp });
}

/**
 * The inputs with sizes for their variable dimensions behind the first, in several ways: all alike, and each name with one of its own,
 * since some models want the one and some the other. One way where there are none.
 */
export function sizeSettings(
  header: OnnxHeader,
  config: Pick<ModelConfig, 'image'>,
): readonly (readonly TensorSpec[])[] {
  const inputs = withImages(header, config);
  if (!inputs.some(({ shape }) => shape.slice(1).includes(-1))) return [inputs];
  const names = new Map<string, number>();
  const ownSize = (key: string): number => {
    const known = names.get(key) ?? names.size;
    names.set(key, known);
    return 3 + 2 * known;
  };
  const apart = inputs.map((input) =>
    resized(input, (axis) => ownSize(input.dimNames[axis] || `${input.name} ${axis}`)),
  );
  const alike = [1, 4, 64, 96].map((size) => inputs.map((input) => resized(input, () => size)));
  return [alike[0] ?? [], apart, ...alike.slice(1)];
}

function resized(input: HeaderValue, sizeOf: (axis: number) => number): TensorSpec {
  return { ...input, shape: input.shape.map((dim, axis) => (axis > 0 && dim === -1 ? sizeOf(axis) : dim)) };
}

function withImages({ inputs }: OnnxHeader, { image }: Pick<ModelConfig, 'image'>): readonly HeaderValue[] {
  return inputs.map((input) =>
    image?.input === input.name ? { ...input, shape: imageShape(input.shape, image) } : input,
  );
}

/** A declared shape with the variable dimensions of an image filled in; the first, the rows, is left. */
function imageShape(shape: DeclaredShape, { crop, resize, color, layout }: ImageConfig): DeclaredShape {
  const { width, height } = crop ?? resize;
  const channels = color === 'gray' ? 1 : 3;
  const image = layout === 'NCHW' ? [channels, height, width] : [height, width, channels];
  return shape.map((dim, axis) => (dim === -1 ? (image[axis - 1] ?? dim) : dim));
}
