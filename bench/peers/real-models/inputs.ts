import { arrayOf, datatypes } from '../../../src/tensor/datatype.js';
import { createRandom } from '../../../src/tensor/random.js';
import type { NamedTensors, Tensor } from '../../../src/tensor/tensor.js';
import type { RealInput, RealModel } from './catalogue.js';

/** Values for a model's inputs; the same seed draws the same ones. */
export function drawRealInputs({ inputs }: RealModel, seed: number): NamedTensors {
  const random = createRandom(seed);
  return new Map(Object.entries(inputs).map(([name, input]) => [name, drawInput(input, random)]));
}

function drawInput({ datatype, shape, from, to }: RealInput, random: () => number): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const data = new (arrayOf(datatype))(count);
  const { kind, bytes } = datatypes[datatype];
  for (let index = 0; index < count; index++) {
    const value = from + random() * (to - from);
    data[index] = kind === 'float' ? value : bytes === 8 ? BigInt(Math.floor(value)) : Math.floor(value);
  }
  return { datatype, shape, data };
}
