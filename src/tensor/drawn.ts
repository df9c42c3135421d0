import { AppError } from '../errors.js';
import { arrayOf, datatypes, type NumericDatatype } from './datatype.js';
import { createRandom } from './random.js';
import { countElements, formatShape } from './shape.js';
import type { NamedTensors, Tensor, TensorSpec } from './tensor.js';

/** Sizes to try for variable dimensions that are not the first: some models refuse the smallest. */
export const variableSizes: readonly number[] = [1, 64];

/** Elements of one tensor beyond which a model is not tried with made-up inputs. */
export const mostMadeUp = 64 << 20;

/** What tensors are made up for. */
export interface DrawOptions {
  /** Size of the first dimension where it is variable. */
  readonly rows: number;
  /** Size of every other variable dimension. */
  readonly variable: number;
  /** The same seed draws the same values; without one numbers are 0 and texts empty. */
  readonly seed?: number;
  /** Most elements of one tensor. */
  readonly maxElements?: number;
}

/**
 * Tensors that fit declared inputs: floats from 0 to 1, integers and booleans 0 or 1 (indices and flags stay in range),
 * texts of digits. Throws INVALID_INPUT for a tensor of more than `maxElements`.
 */
export function drawTensors(specs: readonly TensorSpec[], options: DrawOptions): NamedTensors {
  const random = options.seed === undefined ? undefined : createRandom(options.seed);
  return new Map(specs.map((spec) => [spec.name, drawTensor(spec, options, random)]));
}

function drawTensor(spec: TensorSpec, options: DrawOptions, random: (() => number) | undefined): Tensor {
  const { name, datatype } = spec;
  const { rows, variable, maxElements = Infinity } = options;
  const shape = spec.shape.map((dim, axis) => (dim !== -1 ? dim : axis === 0 ? rows : variable));
  const count = countElements(shape) ?? Infinity;
  if (count > maxElements) {
    const limit = `expected at most ${String(maxElements)} elements`;
    throw new AppError('INVALID_INPUT', `input '${name}' is too large to make up: ${formatShape(shape)}, ${limit}`);
  }
  if (datatype === 'BYTES') {
    const draw = () => (random === undefined ? '' : String(Math.floor(random() * 1000)));
    return { datatype, shape, data: Array.from({ length: count }, draw) };
  }
  const data = new (arrayOf(datatype))(count);
  if (random !== undefined) {
    const draw = drawerOf(datatype, random);
    for (let index = 0; index < count; index++) data[index] = draw();
  }
  return { datatype, shape, data };
}

/** Half floats are patterns: in FP16 of 0.5 to 1, in BF16 of small numbers, never NaN. */
function drawerOf(datatype: NumericDatatype, random: () => number): () => number | bigint {
  const { kind, bytes } = datatypes[datatype];
  if (kind === 'float') return random;
  if (kind === 'half') return () => 0x3800 + Math.floor(random() * 0x400);
  return bytes === 8 ? () => (random() < 0.5 ? 0n : 1n) : () => (random() < 0.5 ? 0 : 1);
}
