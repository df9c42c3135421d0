import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseOnnxModel } from '../../../../src/model/onnx/header.js';
import { writeOnnx, type Graph, type GraphNode, type Initializer } from '../../../../src/model/onnx/writer.js';
import type { Datatype } from '../../../../src/tensor/datatype.js';
import { identity, integerDivision, loopsWhileTrue } from '../../../support/models.js';

function hazardOf(graph: Graph): string | undefined {
  const bytes = writeOnnx(graph);
  return parseOnnxModel({ size: bytes.length, read: (at, length) => bytes.subarray(at, at + length) }).header.hazard;
}

const int64 = (name: string, ...values: readonly bigint[]): Initializer => {
  return { name, datatype: 'INT64', shape: [values.length], data: BigInt64Array.from(values) };
};

/** Y = the last of these nodes, from A and B of a datatype. */
function graphOf(nodes: readonly GraphNode[], datatype: Datatype = 'INT64', initializers: readonly Initializer[] = []) {
  const inputs = ['A', 'B'].map((name) => ({ name, datatype, shape: ['n'] }));
  return { name: 'g', inputs, outputs: [{ name: 'Y', datatype, shape: ['n'] }], nodes, initializers } satisfies Graph;
}

const divide = (left: string, right: string, op = 'Div'): GraphNode => ({
  op,
  inputs: [left, right],
  outputs: ['Y'],
});

describe('the hazard of a division of integers', () => {
  it('is seen where a request gives the divisor, in Div and Mod, of INT32 and INT64', () => {
    assert.match(
      hazardOf(integerDivision()) ?? '',
      /^Div divides integers that a request can choose, and the smallest/,
    );
    for (const datatype of ['INT32', 'INT64'] as const)
      for (const op of ['Div', 'Mod'])
        assert.match(hazardOf(graphOf([divide('A', 'B', op)], datatype)) ?? '', new RegExp(`^${op} divides`));
  });

  it('is none of floats, nor of integers that the runtime widens first', () => {
    for (const datatype of ['FP32', 'FP16', 'FP64', 'INT8', 'UINT8', 'UINT64'] as const)
      assert.equal(hazardOf(graphOf([divide('A', 'B')], datatype)), undefined, datatype);
  });

  it('is none where the divisor is a constant without -1, and is where it has one', () => {
    assert.equal(hazardOf(graphOf([divide('A', 'C')], 'INT64', [int64('C', 2n, -3n, 0n)])), undefined);
    assert.match(hazardOf(graphOf([divide('A', 'C')], 'INT64', [int64('C', 2n, -1n)])) ?? '', /^Div/);
    const constant: GraphNode = { op: 'Constant', inputs: [], outputs: ['C'], attributes: { value_ints: [4, 2] } };
    assert.equal(hazardOf(graphOf([constant, divide('A', 'C')])), undefined);
    const minusOne = { ...constant, attributes: { value_int: -1 } };
    assert.match(hazardOf(graphOf([minusOne, divide('A', 'C')])) ?? '', /^Div/);
  });

  it('is none of sizes, which are never negative, however they are reckoned with', () => {
    const sizes: readonly GraphNode[] = [
      { op: 'Shape', inputs: ['A'], outputs: ['s'] },
      { op: 'Gather', inputs: ['s', 'C'], outputs: ['g'] },
      { op: 'Mul', inputs: ['g', 's'], outputs: ['m'] },
    ];
    const zero = [int64('C', 0n)];
    assert.equal(hazardOf(graphOf([...sizes, divide('m', 'B')], 'INT64', zero)), undefined);
    assert.equal(hazardOf(graphOf([...sizes, divide('A', 'm')], 'INT64', zero)), undefined);
    const less: GraphNode = { op: 'Sub', inputs: ['g', 's'], outputs: ['d'] };
    assert.match(hazardOf(graphOf([...sizes, less, divide('A', 'd')], 'INT64', zero)) ?? '', /^Div/);
  });

  it('is followed through casts both ways', () => {
    const cast = (to: number): readonly GraphNode[] =>
      ['A', 'B'].map((name) => ({ op: 'Cast', inputs: [name], outputs: [`${name}c`], attributes: { to } }));
    assert.match(hazardOf(graphOf([...cast(7), divide('Ac', 'Bc')], 'FP32')) ?? '', /^Div/);
    assert.equal(hazardOf(graphOf([...cast(1), divide('Ac', 'Bc')], 'INT64')), undefined);
  });

  it('is seen inside the bodies of control flow', () => {
    const body = graphOf([divide('A', 'B')]);
    const branch: GraphNode = {
      op: 'If',
      inputs: ['on'],
      outputs: ['Y'],
      attributes: { then_branch: { graph: { ...body, inputs: [] } }, else_branch: { graph: { ...body, inputs: [] } } },
    };
    assert.match(hazardOf(graphOf([branch])) ?? '', /^Div divides/);
    assert.equal(hazardOf(graphOf([branch], 'FP32')), undefined);
  });
});

describe('the hazard of texts without end', () => {
  it('is seen where a value decides how many texts an output has', () => {
    const graph: Graph = {
      ...identity('BYTES', ['n']),
      inputs: [
        { name: 'X', datatype: 'BYTES', shape: ['n'] },
        { name: 'S', datatype: 'INT64', shape: ['rank'] },
      ],
      nodes: [{ op: 'Expand', inputs: ['X', 'S'], outputs: ['Y'] }],
    };
    assert.match(hazardOf(graph) ?? '', /^output 'Y' is texts, as many as Expand makes/);
    assert.equal(hazardOf(identity('BYTES', ['n'])), undefined);
  });
});

describe('the hazard of a loop', () => {
  it('is that it may never end', () => {
    assert.match(hazardOf(loopsWhileTrue) ?? '', /it has a Loop/);
  });
});
