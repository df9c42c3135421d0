import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseOnnxModel } from '../../../../src/model/onnx/header.js';
import { writeOnnx, type GraphDim, type GraphNode } from '../../../../src/model/onnx/writer.js';

const weights = { name: 'W', datatype: 'FP32', shape: [4, 4], data: new Float32Array(16) } as const;
const zero = { name: 'zero', datatype: 'INT64', shape: [1], data: BigInt64Array.of(0n) } as const;
const node = (op: string, inputs: readonly string[], output = 'Y'): GraphNode => ({ op, inputs, outputs: [output] });
const own = (op: string, inputs: readonly string[], domain = 'com.microsoft'): GraphNode => ({
  ...node(op, inputs),
  domain,
});

/** The operator and the inputs that may leave it nothing, as `MatMul: A B`; undefined where there is none. */
function emptySumsOf(
  nodes: readonly GraphNode[],
  shapes: Readonly<Record<string, readonly GraphDim[]>> = { A: ['n', 'k'], B: ['k', 'm'] },
): string | undefined {
  const bytes = writeOnnx({
    name: 'g',
    inputs: Object.entries(shapes).map(([name, shape]) => ({ name, datatype: 'FP32', shape })),
    outputs: [{ name: 'Y', datatype: 'FP32', shape: [null, null] }],
    initializers: [weights, zero],
    nodes,
  });
  const { emptySums } = parseOnnxModel({ size: bytes.length, read: (at, end) => bytes.subarray(at, end) }).header;
  return emptySums && `${emptySums.operator}: ${emptySums.inputs.join(' ')}`;
}

describe('sums over nothing', () => {
  it('are those of products of two tensors that requests send', () => {
    for (const op of ['Conv', 'ConvInteger', 'MatMul', 'MatMulInteger'])
      assert.equal(emptySumsOf([node(op, ['A', 'B'])]), `${op}: A B`);
    for (const op of ['QLinearConv', 'QLinearMatMul'])
      assert.equal(emptySumsOf([node(op, ['A', 'W', 'W', 'B', 'W', 'W', 'W', 'W'])]), `${op}: A B`);
    for (const op of ['DynamicQuantizeMatMul', 'FusedConv', 'FusedMatMul', 'MatMulIntegerToFloat', 'TransposeMatMul'])
      assert.equal(emptySumsOf([own(op, ['A', 'B'])]), `${op}: A B`);
    assert.equal(emptySumsOf([own('QGemm', ['A', 'W', 'W', 'B', 'W', 'W'])]), 'QGemm: A B');
    assert.equal(
      emptySumsOf([node('Transpose', ['A'], 't'), node('MatMul', ['A', 't'])], { A: ['n', 'k'] }),
      'MatMul: A',
    );
  });

  it('are none of products with weights, whatever is made of those first, and none of other operators', () => {
    assert.equal(emptySumsOf([node('MatMul', ['A', 'W'])]), undefined);
    assert.equal(emptySumsOf([node('MatMul', ['W', 'B'])]), undefined);
    const made = [node('Transpose', ['W'], 't'), node('Mul', ['t', 't'], 'w')];
    assert.equal(emptySumsOf([...made, node('MatMul', ['A', 'w'])]), undefined);
    assert.equal(emptySumsOf([node('QLinearMatMul', ['A', 'W', 'W', 'W', 'W', 'W', 'W', 'W'])]), undefined);
    assert.equal(emptySumsOf([node('Gemm', ['A', 'B'])]), undefined);
    assert.equal(emptySumsOf([own('FusedMatMul', ['A', 'B'], 'other')]), undefined);
  });

  it('are none where no request can leave a dimension empty', () => {
    assert.equal(emptySumsOf([node('MatMul', ['A', 'B'])], { A: [2, 3], B: [3, 2] }), undefined);
    assert.equal(emptySumsOf([node('MatMul', ['A', 'B'])], { A: [2, 3], B: [3, null] }), 'MatMul: A B');
  });

  it('are seen in the graphs of other nodes, which know the weights around them', () => {
    const inside = (left: string, right: string): GraphNode => {
      const graph = {
        name: 'b',
        inputs: [],
        outputs: [{ name: 'y', datatype: 'FP32', shape: [null] }],
        nodes: [node('MatMul', [left, right], 'y')],
      } as const;
      return {
        op: 'If',
        inputs: ['A'],
        outputs: ['Y'],
        attributes: { then_branch: { graph }, else_branch: { graph } },
      };
    };
    assert.equal(emptySumsOf([inside('A', 'B')]), 'MatMul: A B');
    assert.equal(emptySumsOf([inside('A', 'W')]), undefined);
  });

  it('leave caches alone, which are joined to what is new, in whole or in parts', () => {
    const shapes = { A: ['n', 'k'], B: ['n', 'k'], cache: ['n', 'past'] };
    const joined = [node('Concat', ['cache', 'B'], 'all'), node('MatMul', ['A', 'all'])];
    assert.equal(emptySumsOf(joined, shapes), 'MatMul: A');
    const part = [
      node('Gather', ['cache', 'zero'], 'key'),
      node('Transpose', ['key'], 't'),
      node('Shape', ['cache'], 's'),
    ];
    const parts = [...part, node('Concat', ['t', 'B'], 'all'), node('MatMul', ['A', 'all'])];
    assert.equal(emptySumsOf(parts, shapes), 'MatMul: A');
    assert.equal(emptySumsOf([...joined.slice(0, 1), node('MatMul', ['cache', 'all'])], shapes), 'MatMul: cache');
    const index = [node('Gather', ['A', 'cache'], 'g'), node('MatMul', ['g', 'B'])];
    assert.equal(emptySumsOf(index, shapes), 'MatMul: A B cache');
    const attention = { ...own('MultiHeadAttention', ['A', 'B', 'B', '', '', '', 'cache', 'cache']), outputs: ['m'] };
    assert.equal(emptySumsOf([attention, node('MatMul', ['m', 'A'])], shapes), 'MatMul: A B');
  });
});
