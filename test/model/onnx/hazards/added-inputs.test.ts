import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseOnnxModel } from '../../../../src/model/onnx/header.js';
import { writeOnnx, type GraphDim, type GraphNode } from '../../../../src/model/onnx/writer.js';

const ones = { name: 's', datatype: 'FP32', shape: [4], data: Float32Array.of(1, 1, 1, 1) } as const;
const named = ['n', 'tokens', 4];
const normal = (from: string, to: string): GraphNode => ({
  op: 'LayerNormalization',
  inputs: [from, 's', 's'],
  outputs: [to],
});
const node = (op: string, inputs: readonly string[], output: string): GraphNode => ({ op, inputs, outputs: [output] });
const sum = (left: string, right: string, to: string) => node('Add', [left, right], to);

/** Each dimension that has to be of one size, as `name: input.axis input.axis`. */
function sharedBy(nodes: readonly GraphNode[], shapes: Readonly<Record<string, readonly GraphDim[]>>): string[] {
  const bytes = writeOnnx({
    name: 'g',
    inputs: Object.entries(shapes).map(([name, shape]) => ({ name, datatype: 'FP32', shape })),
    outputs: [{ name: 'Y', datatype: 'FP32', shape: [null, null, 4] }],
    initializers: [ones],
    nodes,
  });
  const { header } = parseOnnxModel({ size: bytes.length, read: (start, end) => bytes.subarray(start, end) });
  return (header.sharedDimensions ?? []).map(
    ({ name, places }) => `${name}: ${places.map(({ input, axis }) => `${input}.${axis}`).join(' ')}`,
  );
}

const both = ['n: A.0 B.0', 'tokens: A.1 B.1'];

describe('dimensions of one size', () => {
  it('are those of one name of inputs that a layer normalisation finds added up, in either order', () => {
    const inputs = { A: named, B: named };
    assert.deepEqual(sharedBy([sum('A', 'B', 'a'), normal('a', 'Y')], inputs), both);
    assert.deepEqual(sharedBy([sum('B', 'A', 'a'), normal('a', 'Y')], inputs), both);
    const behind = [node('Relu', ['A'], 'r'), node('Tanh', ['B'], 't'), sum('r', 't', 'a'), normal('a', 'Y')];
    assert.deepEqual(sharedBy(behind, inputs), both);
    assert.deepEqual(sharedBy([sum('A', 'B', 'a'), normal('a', 'Y')], { A: named, B: ['n', 'others', 4] }), [
      'n: A.0 B.0',
    ]);
  });

  it('are found where the normalisation is written out', () => {
    const nodes = [
      sum('A', 'B', 'a'),
      node('ReduceMean', ['a'], 'm'),
      node('Sub', ['a', 'm'], 'd'),
      node('Mul', ['d', 'd'], 'p'),
      node('ReduceMean', ['p'], 'v'),
      node('Sqrt', ['v'], 'r'),
      node('Div', ['d', 'r'], 'Y'),
    ];
    assert.deepEqual(sharedBy(nodes, { A: named, B: named }), both);
    assert.deepEqual(sharedBy([sum('A', 'B', 'Y')], { A: named, B: named }), []);
  });

  it('are none without a common name, and none of inputs that are never added to each other', () => {
    const nodes = [sum('A', 'B', 'a'), normal('a', 'Y')];
    assert.deepEqual(sharedBy(nodes, { A: named, B: ['m', 'others', 4] }), []);
    assert.deepEqual(sharedBy(nodes, { A: [null, null, 4], B: [null, null, 4] }), []);
    // Two towers, as those of CLIP: one image beside many texts.
    const towers = [
      ...['A', 'B'].flatMap((tower) => [
        node('Relu', [tower], `${tower}r`),
        sum(tower, `${tower}r`, `${tower}a`),
        sum(`${tower}a`, 's', `${tower}b`),
        normal(`${tower}b`, `${tower}n`),
      ]),
      node('MatMul', ['An', 'Bn'], 'Y'),
    ];
    assert.deepEqual(sharedBy(towers, { A: named, B: named }), []);
  });

  it('are those of all inputs that several sums connect, and of those alone', () => {
    const nodes = [sum('A', 'B', 'a'), normal('a', 'x'), sum('C', 'D', 'c'), sum('x', 'B', 'b'), sum('b', 'c', 'Y')];
    const inputs = { A: named, B: ['n', null, 4], C: named, D: ['n', 4], E: named };
    assert.deepEqual(sharedBy(nodes, inputs), ['n: A.0 B.0 C.0 D.0', 'tokens: A.1 C.1']);
    assert.deepEqual(sharedBy(nodes.slice(0, 3), inputs), ['n: A.0 B.0', 'n: C.0 D.0']);
  });
});
