import { arrayOf, datatypes, type NumericDatatype } from '../src/tensor/datatype.js';
import type { NamedTensors, Tensor, TensorSpec } from '../src/tensor/tensor.js';
import { createRandom } from './models/random.js';

/** What tensors are drawn for: rows for a variable first dimension, `variable` for every other one. */
export interface SyntheticOptions {
  readonly rows: number;
  readonly variable?: number;
  readonly seed: number;
}

/**
 * Random tensors that fit declared inputs: floats in [-1, 1), integers and booleans 0 or 1 (an index into any table), short texts.
 * The same seed draws the same values. Zeros would run faster than real data on some hardware.
 */
export function drawInputs(specs: readonly TensorSpec[], options: SyntheticOptions): NamedTensors {
  const random = createRandom(options.seed);
  return new Map(specs.map((spec) => [spec.name, drawTensor(spec, options, random)]));
}

function drawTensor({ datatype, shape }: TensorSpec, options: SyntheticOptions, random: () => number): Tensor {
  const fixed = shape.map((dim, axis) => (dim !== -1 ? dim : axis === 0 ? options.rows : (options.variable ?? 1)));
  const count = fixed.reduce((product, dim) => product * dim, 1);
  if (datatype === 'BYTES') {
    return { datatype, shape: fixed, data: Array.from({ length: count }, () => `text ${Math.floor(random() * 1000)}`) };
  }
  return { datatype, shape: fixed, data: drawNumbers(datatype, count, random) };
}

/** FP16 and BF16 are drawn as bit patterns of 0 and 1 (FP16) or near them, never NaN. */
function drawNumbers(datatype: NumericDatatype, count: number, random: () => number) {
  const data = new (arrayOf(datatype))(count);
  const { kind } = datatypes[datatype];
  for (let i = 0; i < count; i++) {
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = random() < 0.5 ? 0n : 1n;
    else if (kind === 'float') data[i] = random() * 2 - 1;
    else if (kind === 'half') data[i] = random() < 0.5 ? 0 : 0x3c00;
    else data[i] = random() < 0.5 ? 0 : 1;
  }
  return data;
}
