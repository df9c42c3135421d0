import type { ImageConfig, OnnxHeader, HeaderValue } from '../model/config.js';
import { arrayOf, datatypes } from '../tensor/datatype.js';
import { countElements } from '../tensor/shape.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';

/** Which tensors to make up. */
export interface SyntheticOptions {
  /** Size of the first dimension where it is variable. */
  readonly rows: number;
  /** Size of every other variable dimension. */
  readonly fill: number;
  /** Different seeds give different values. */
  readonly seed: number;
  readonly image?: ImageConfig;
}

/** Most elements of one made-up tensor; beyond it nothing is made. */
const maxElements = 64 << 20;

/**
 * Tensors that fit a model's inputs: fractions for floats, 0 and 1 for integers and booleans (indices and flags stay in
 * range), short texts. Undefined where they would be too large.
 */
export function makeInputs({ inputs }: OnnxHeader, options: SyntheticOptions): NamedTensors | undefined {
  const made = inputs.map((input) => [input.name, makeTensor(input, options)] as const);
  const whole = made.flatMap(([name, tensor]) => (tensor === undefined ? [] : [[name, tensor] as const]));
  return whole.length === made.length ? new Map(whole) : undefined;
}

function makeTensor(input: HeaderValue, options: SyntheticOptions): Tensor | undefined {
  const shape = input.shape.map((dim, axis) => (dim === -1 ? sizeOf(input, axis, options) : dim));
  const count = countElements(shape) ?? Infinity;
  if (count > maxElements) return undefined;
  const bit = bitsOf(options.seed);
  if (input.datatype === 'BYTES') {
    return { datatype: 'BYTES', shape, data: Array.from({ length: count }, () => String(bit())) };
  }
  const Typed = arrayOf(input.datatype);
  const data = new Typed(count);
  const next = elementsOf(input.datatype, bit);
  for (let index = 0; index < count; index++) data[index] = next();
  return { datatype: input.datatype, shape, data };
}

function sizeOf(input: HeaderValue, axis: number, { rows, fill, image }: SyntheticOptions): number {
  if (axis === 0) return rows;
  if (image?.input !== input.name) return fill;
  const { width, height } = image.crop ?? image.resize;
  const channels = image.color === 'gray' ? 1 : 3;
  return (image.layout === 'NCHW' ? [channels, height, width] : [height, width, channels])[axis - 1] ?? fill;
}

/** The next element of a datatype, from bits. FP16 gives 0 or one of the eight values around 0.5 and 1. */
function elementsOf(datatype: Exclude<HeaderValue['datatype'], 'BYTES'>, bit: () => number): () => number | bigint {
  const { kind } = datatypes[datatype];
  if (kind === 'half') return () => (bit() === 0 ? 0x3800 : 0x3c00) + bit() * 64;
  if (kind === 'float') return () => bit() * 0.5 + bit() * 0.25 + bit() * 0.125;
  return datatype === 'INT64' || datatype === 'UINT64' ? () => BigInt(bit()) : bit;
}

/** Bits that look random and are the same for the same seed (a 32-bit xorshift, Marsaglia 2003). */
function bitsOf(seed: number): () => 0 | 1 {
  let state = (seed + 1) * 0x9e3779b1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state & 0x10000) === 0 ? 0 : 1;
  };
}
