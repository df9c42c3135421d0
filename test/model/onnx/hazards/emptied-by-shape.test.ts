import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseOnnxModel } from '../../../../src/model/onnx/header.js';
import {
  writeOnnx,
  type AttributeValue,
  type GraphDim,
  type GraphNode,
  type Initializer,
} from '../../../../src/model/onnx/writer.js';

type Cut = Omit<GraphNode, 'inputs' | 'outputs'>;

/** Why a model runs apart that normalises what is left of X. */
function hazardOf(shape: readonly GraphDim[], node: Cut, bounds: readonly number[] = []): string | undefined {
  const names = bounds.map((_, at) => `b${at}`);
  const bytes = writeOnnx({
    name: 'g',
    inputs: [{ name: 'X', datatype: 'FP32', shape }],
    outputs: [{ name: 'Y', datatype: 'FP32', shape: shape.map(() => null) }],
    initializers: [
      { name: 's', datatype: 'FP32', shape: [2], data: Float32Array.of(1, 1) },
      ...names.map((name, at) => {
        return { name, datatype: 'INT64', shape: [1], data: BigInt64Array.of(BigInt(bounds[at] ?? 0)) } as const;
      }),
    ],
    nodes: [
      { ...node, inputs: ['X', ...names], outputs: ['c'] },
      { op: 'InstanceNormalization', inputs: ['c', 's', 's'], outputs: ['Y'] },
    ],
  });
  return parseOnnxModel({ size: bytes.length, read: (start, end) => bytes.subarray(start, end) }).header.hazard;
}

const open = ['n', 2, 'w'];
const slice = { op: 'Slice' };
const all = 2 ** 40;

describe('what a short input leaves nothing of', () => {
  const emptying: readonly [string, Cut, readonly number[]][] = [
    ['a start', slice, [5, all, 2]],
    ['an end before the last', slice, [0, -1, 2]],
    ['a part from the end to before the end', slice, [-3, -1, -1]],
    ['a reversed part', slice, [4, -all, 2, -1]],
    ['a negative pad', { op: 'Pad' }, [-1]],
    ['a pool', { op: 'AveragePool', attributes: { kernel_shape: [2] } }, []],
    ['a dilated pool', { op: 'MaxPool', attributes: { kernel_shape: [2], pads: [1, 0], dilations: [3] } }, []],
    ['a split into parts', { op: 'Split', attributes: { num_outputs: 2, axis: 2 } }, []],
  ];
  for (const [what, node, bounds] of emptying)
    it(`is found of an open dimension: ${what}`, () => {
      assert.match(hazardOf(open, node, bounds) ?? '', new RegExp(`may leave nothing of what ${node.op} takes`));
      assert.equal(hazardOf([1, 2, 7], node, bounds), undefined);
    });

  const keeping: readonly [string, Cut, readonly number[]][] = [
    ['the first', slice, [0, 1, 2]],
    ['the last', slice, [-1, all, 2]],
    ['all, reversed', slice, [-1, -all, 2, -1]],
    ['a pool of 1', { op: 'MaxPool', attributes: { kernel_shape: [1] } }, []],
    ['a padded pool', { op: 'MaxPool', attributes: { kernel_shape: [3], pads: [1, 1] } }, []],
  ];
  for (const [what, node, bounds] of keeping)
    it(`is not what always leaves one: ${what}`, () => assert.equal(hazardOf(open, node, bounds), undefined));

  it('is not found in another dimension than that of the rows, where these alone are open', () => {
    assert.equal(hazardOf(['n', 2, 7], slice, [5, all, 2]), undefined);
    assert.match(hazardOf(['n', 2, 7], slice, [5, all, 0]) ?? '', /may leave nothing/);
  });

  /** An `If` with a Slice in each branch that begins at a constant of the same name. */
  const branching = (starts: readonly [number, number]): string | undefined => {
    const branch = (start: number): AttributeValue => ({
      graph: {
        name: 'branch',
        inputs: [],
        outputs: [{ name: 'y', datatype: 'FP32', shape: [null, 2, null] }],
        initializers: [{ name: 'start', datatype: 'INT64', shape: [1], data: BigInt64Array.of(BigInt(start)) }],
        nodes: [
          { op: 'Slice', inputs: ['X', 'start', 'end', 'axis'], outputs: ['c'] },
          { op: 'InstanceNormalization', inputs: ['c', 's', 's'], outputs: ['y'] },
        ],
      },
    });
    const bytes = writeOnnx({
      name: 'g',
      inputs: [
        { name: 'X', datatype: 'FP32', shape: open },
        { name: 'either', datatype: 'BOOL', shape: [1] },
      ],
      outputs: [{ name: 'Y', datatype: 'FP32', shape: [null, 2, null] }],
      initializers: [
        { name: 's', datatype: 'FP32', shape: [2], data: Float32Array.of(1, 1) },
        { name: 'end', datatype: 'INT64', shape: [1], data: BigInt64Array.of(BigInt(all)) },
        { name: 'axis', datatype: 'INT64', shape: [1], data: BigInt64Array.of(2n) },
      ],
      nodes: [
        {
          op: 'If',
          inputs: ['either'],
          outputs: ['Y'],
          attributes: { then_branch: branch(starts[0]), else_branch: branch(starts[1]) },
        },
      ],
    });
    return parseOnnxModel({ size: bytes.length, read: (start, end) => bytes.subarray(start, end) }).header.hazard;
  };

  it('is found in a branch, whatever a constant of the same name is in the other', () => {
    assert.equal(branching([0, 0]), undefined);
    for (const starts of [
      [5, 0],
      [0, 5],
    ] as const)
      assert.match(branching(starts) ?? '', /may leave nothing of what Slice takes/);
  });

  it('is found of tensors that are as large as an input, and not of its size itself', () => {
    const values = (name: string, ...data: readonly number[]): Initializer => {
      return { name, datatype: 'INT64', shape: [data.length], data: BigInt64Array.from(data, BigInt) };
    };
    const made = (maker: GraphNode, starts: number): string | undefined => {
      const bytes = writeOnnx({
        name: 'g',
        inputs: [{ name: 'X', datatype: 'FP32', shape: ['n', 2, 'w'] }],
        outputs: [{ name: 'Y', datatype: 'FP32', shape: [null] }],
        initializers: [values('start', starts), values('end', all)],
        nodes: [
          { op: 'Shape', inputs: ['X'], outputs: ['sides'] },
          maker,
          { op: 'Slice', inputs: ['made', 'start', 'end'], outputs: ['c'] },
          { op: 'Einsum', inputs: ['c'], outputs: ['Y'], attributes: { equation: 'i...->...' } },
        ],
      });
      return parseOnnxModel({ size: bytes.length, read: (at, to) => bytes.subarray(at, to) }).header.hazard;
    };
    const filled = { op: 'ConstantOfShape', inputs: ['sides'], outputs: ['made'] };
    assert.match(made(filled, 5) ?? '', /may leave nothing of what Slice takes/);
    assert.equal(made(filled, 0), undefined);
    assert.equal(made({ op: 'Identity', inputs: ['sides'], outputs: ['made'] }, 1), undefined);
  });
});
