import type { Graph, GraphDim } from '../../../src/model/onnx/writer.js';
import { datatypes, type Datatype } from '../../../src/tensor/datatype.js';

/** A graph with random names, datatypes, dimensions, nodes and metadata; it need not compute anything. */
export function randomGraph(random: () => number): Graph {
  const carried = (Object.keys(datatypes) as Datatype[]).filter((name) => datatypes[name].ort !== null);
  const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)]!;
  const many = <T>(most: number, make: (index: number) => T) =>
    Array.from({ length: Math.floor(random() * (most + 1)) }, (_, index) => make(index));
  const dim = (): GraphDim => pick([null, 'batch', 'länge', 0, 1, 224, 2 ** 31, 2 ** 40]);
  const value = (prefix: string) => (index: number) => ({
    name: `${prefix}${index}`,
    datatype: pick(carried),
    shape: many(5, dim),
  });
  return {
    name: pick(['', 'main', 'gräph']),
    inputs: many(4, value('in')),
    outputs: [value('out')(9), ...many(3, value('out'))],
    nodes: many(6, (index) => ({
      op: pick(['Add', 'Relu', 'Conv']),
      domain: pick(['', 'com.example']),
      inputs: [`a${index}`],
      outputs: [`b${index}`],
      attributes: { alpha: { float: 0.5 }, axes: [-1, 2], mode: 'x' },
    })),
    initializers: many(3, (index) => ({
      name: `w${index}`,
      datatype: 'FP32',
      shape: [3],
      data: Float32Array.of(1, 2, 3),
    })),
    opset: pick([1, 17, 22]),
    metadata: Object.fromEntries(many(3, (index) => [pick(['__proto__', `key${index}`]), 'v'.repeat(index * 90)])),
  };
}
