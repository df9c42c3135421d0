import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseOnnxModel } from '../../../../src/model/onnx/header.js';
import { writeOnnx, type Graph, type GraphNode, type Initializer } from '../../../../src/model/onnx/writer.js';
import { writeDoubling } from '../doubling.js';

function hazardOf(graph: Graph): string | undefined {
  const bytes = writeOnnx(graph);
  return parseOnnxModel({ size: bytes.length, read: (at, length) => bytes.subarray(at, at + length) }).header.hazard;
}

const kernel: Initializer = { name: 'k', datatype: 'FP32', shape: [1, 1, 2, 2], data: new Float32Array(4) };
const two: Initializer = { name: 'c', datatype: 'INT64', shape: [1], data: BigInt64Array.of(2n) };

/** Y = the last of these nodes, from X (FP32), s (INT64) and W (FP32). */
const graphOf = (...nodes: readonly GraphNode[]): Graph => ({
  name: 'g',
  inputs: [
    { name: 'X', datatype: 'FP32', shape: ['n', 1, 4, 4] },
    { name: 's', datatype: 'INT64', shape: ['r'] },
    { name: 'W', datatype: 'FP32', shape: ['a', 1, 'h', 'w'] },
  ],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: ['n'] }],
  nodes,
  initializers: [kernel, two],
});
const node = (op: string, ...inputs: readonly string[]): GraphNode => ({ op, inputs, outputs: ['Y'] });
const made = (op: string, output: string, ...inputs: readonly string[]): GraphNode => ({
  op,
  inputs,
  outputs: [output],
});

describe('the hazard of a size that a request chooses', () => {
  it('is seen where the values of an input say how much a node makes', () => {
    for (const [op, inputs] of [
      ['Expand', ['X', 's']],
      ['Tile', ['X', 's']],
      ['ConstantOfShape', ['s']],
      ['Range', ['c', 's', 'c']],
      ['OneHot', ['c', 's', 'X']],
      ['Pad', ['X', 's']],
      ['Resize', ['X', '', '', 's']],
      ['Resize', ['X', '', 'W']],
      ['MaxUnpool', ['X', 'c', 's']],
    ] as const)
      assert.match(hazardOf(graphOf(node(op, ...inputs))) ?? '', new RegExp(`^${op} is as large as the values`), op);
  });

  it("is seen at the runtime's own operators, which those of other domains with the same names are not", () => {
    const crop = (domain: string): Graph => ({
      ...graphOf({ ...node('CropAndResize', 'X', 'W', 'c', 's'), domain }),
      opsets: { [domain]: 1 },
    });
    assert.match(hazardOf(crop('com.microsoft')) ?? '', /^CropAndResize is as large as the values/);
    assert.equal(hazardOf(crop('somebody')), undefined);
    const constant = graphOf({ ...node('CropAndResize', 'X', 'W', 'c', 'c'), domain: 'com.microsoft' });
    assert.equal(hazardOf({ ...constant, opsets: { 'com.microsoft': 1 } }), undefined);
  });

  it('is seen where Inverse takes matrices whose sides a request chooses', () => {
    const inverse = (...shape: readonly (number | string)[]): Graph => ({
      name: 'g',
      inputs: [{ name: 'X', datatype: 'FP32', shape }],
      outputs: [{ name: 'Y', datatype: 'FP32', shape }],
      nodes: [{ op: 'Inverse', domain: 'com.microsoft', inputs: ['X'], outputs: ['Y'] }],
      opsets: { 'com.microsoft': 1 },
    });
    for (const shape of [
      ['n', 'n'],
      ['n', 3],
      [3, 'n'],
      ['b', 'n', 'm'],
    ] as const)
      assert.match(hazardOf(inverse(...shape)) ?? '', /^input 'X' leaves its last sides open, and Inverse ends/);
    for (const shape of [
      ['b', 3, 3],
      [4, 4],
    ] as const)
      assert.equal(hazardOf(inverse(...shape)), undefined);
  });

  it('is seen through other nodes, also where only a part of what they compute on is chosen', () => {
    const nodes = [made('Gather', 'a', 's', 'c'), made('Concat', 'b', 'c', 'a'), made('Mul', 'd', 'b', 'c')];
    assert.match(hazardOf(graphOf(...nodes, node('Expand', 'X', 'd'))) ?? '', /^Expand/);
  });

  it('is none where sizes are constants or follow from shapes, which a request has to fill', () => {
    const sizes = [made('Shape', 'a', 'X'), made('Gather', 'b', 'a', 'c'), made('Concat', 'd', 'b', 'c')];
    for (const op of ['Expand', 'Tile', 'Pad'])
      for (const size of ['c', 'd']) assert.equal(hazardOf(graphOf(...sizes, node(op, 'X', size))), undefined, op);
    const found = [made('NonZero', 'z', 'X'), made('Shape', 'a', 'z')];
    assert.equal(hazardOf(graphOf(...found, node('ConstantOfShape', 'a'))), undefined);
  });

  it('is a kernel that a request gives, which may have no size, and none of the model’s own', () => {
    assert.match(hazardOf(graphOf(node('Conv', 'X', 'W'))) ?? '', /^Conv/);
    assert.match(
      hazardOf(graphOf(made('Relu', 'r', 'W'), node('ConvTranspose', 'X', 'r'))) ?? '',
      /^ConvTranspose takes its kernel from a request/,
    );
    assert.equal(hazardOf(graphOf(node('Conv', 'X', 'k'))), undefined);
    assert.equal(hazardOf(graphOf(made('Relu', 'r', 'k'), node('Conv', 'X', 'r'))), undefined);
  });
});

describe('the hazard of nothing where an operator ends the process on it', () => {
  const counted = made('Einsum', 'Y', 'b', 'b');
  const failing: GraphNode = { ...counted, attributes: { equation: 'ij,ij->i' } };

  it('is seen where the values of a request decide whether anything is left', () => {
    for (const nodes of [
      [made('NonZero', 'b', 'X')],
      [made('NonZero', 'a', 'X'), made('Transpose', 't', 'a'), made('GatherND', 'b', 'X', 't')],
      [made('Slice', 'b', 'X', 's', 'c')],
      [made('TopK', 'b', 'X', 's')],
    ])
      assert.match(hazardOf(graphOf(...nodes, failing)) ?? '', /may leave nothing of what \w+ makes, and Einsum ends/);
  });

  it('is none where constants and shapes decide, nor where no such operator is', () => {
    const sizes = [made('Shape', 'a', 'X'), made('NonZero', 'z', 'a'), made('TopK', 'b', 'X', 'c')];
    assert.equal(hazardOf(graphOf(...sizes, failing)), undefined);
    assert.equal(hazardOf(graphOf(made('NonZero', 'b', 'X'), node('Relu', 'b'))), undefined);
  });

  it('is taken for given where functions call each other by the million', () => {
    const hazardOfCalls = (count: number) => {
      const bytes = writeDoubling(count, { nodes: [made('Tile', 'z', 'y', 'x')] });
      return parseOnnxModel({ size: bytes.length, read: (at, length) => bytes.subarray(at, at + length) }).header
        .hazard;
    };
    assert.match(hazardOfCalls(14) ?? '', /Tile is as large as the values of a request say/);
    for (const count of [17, 30]) assert.equal(hazardOfCalls(count), 'its functions come to more than 100000 nodes');
  });
});
