import type { AttributeValue, Graph, GraphNode, GraphValue, Initializer } from '../../src/model/onnx/writer.js';
import type { NumericData, NumericDatatype } from '../../src/tensor/datatype.js';
import { createRandom } from '../../src/tensor/random.js';

/** Builds a graph node by node: every call adds nodes and answers the name of the value they give. */
export class Network {
  readonly #nodes: GraphNode[] = [];
  readonly #initializers: Initializer[] = [];
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = createRandom(seed);
  }

  /** A node of one output. */
  add(op: string, inputs: readonly string[], attributes: Readonly<Record<string, AttributeValue>> = {}): string {
    const output = `${op.toLowerCase()}_${this.#nodes.length}`;
    this.#nodes.push({ op, inputs, outputs: [output], attributes });
    return output;
  }

  /** Random weights with a standard deviation of sqrt(gain / fanIn) (He et al. 2015: gain 2 before a ReLU), so that values neither fade nor grow. */
  weights(shape: readonly number[], fanIn: number, gain = 2): string {
    const count = shape.reduce((product, dim) => product * dim, 1);
    return this.constant('FP32', shape, drawWeights(this.#random, count, Math.sqrt(gain / fanIn)));
  }

  constant(datatype: NumericDatatype, shape: readonly number[], data: NumericData): string {
    const name = `w${this.#initializers.length}`;
    this.#initializers.push({ name, datatype, shape, data });
    return name;
  }

  /** A vector of one value, for scales and biases. */
  fill(length: number, value: number): string {
    return this.constant('FP32', [length], new Float32Array(length).fill(value));
  }

  /** A list of whole numbers, for shapes and axes. */
  integers(...values: readonly number[]): string {
    return this.constant('INT64', [values.length], BigInt64Array.from(values, BigInt));
  }

  /** x W + b over the last axis. */
  dense(x: string, [inputs, outputs]: readonly [number, number], gain = 1): string {
    return this.add('Add', [
      this.add('MatMul', [x, this.weights([inputs, outputs], inputs, gain)]),
      this.fill(outputs, 0),
    ]);
  }

  /** The finished graph; `output.name` names the last value. */
  graph(name: string, inputs: readonly GraphValue[], output: GraphValue & { readonly from: string }): Graph {
    const { from, ...value } = output;
    const last: GraphNode = { op: 'Identity', inputs: [from], outputs: [value.name] };
    return {
      name,
      inputs,
      outputs: [value],
      nodes: [...this.#nodes, last],
      initializers: this.#initializers,
      metadata: { weights: 'random' },
    };
  }
}

/** `count` values of zero mean and the standard deviation given, uniform: cheap to draw and bounded. */
export function drawWeights(random: () => number, count: number, deviation: number): Float32Array<ArrayBuffer> {
  const weights = new Float32Array(count);
  const reach = deviation * Math.sqrt(12);
  for (let i = 0; i < count; i++) weights[i] = (random() - 0.5) * reach;
  return weights;
}
