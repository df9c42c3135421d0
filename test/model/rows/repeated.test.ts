import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Graph, GraphNode } from '../../../src/model/onnx/writer.js';
import { writeDoubling } from '../onnx/doubling.js';
import { proofOf, proofOfBytes } from './proof.js';

describe('proveRows of what repeats', () => {
  it('follows functions that call each other, and gives up where these are calls by the million', () => {
    assert.deepEqual(proofOfBytes(writeDoubling(0)), { proven: true });
    assert.deepEqual(proofOfBytes(writeDoubling(14)), { proven: true });
    for (const count of [17, 30]) {
      const proof = proofOfBytes(writeDoubling(count));
      assert.match(proof.proven ? 'proven' : proof.reason, /: its functions and loops come to more than 100000 nodes$/);
    }
  });

  it('follows loops in loops, and gives up where each doubles the rounds of the one inside', () => {
    assert.deepEqual(proofOf(graphOf(loops(5))), { proven: true });
    const proof = proofOf(graphOf(loops(30)));
    assert.match(proof.proven ? 'proven' : proof.reason, /more than 100000 nodes/);
  });
});

/** Y = the node, from X; `m` is the rounds of loops. */
const graphOf = (node: GraphNode): Graph => ({
  name: 'g',
  inputs: [{ name: 'X', datatype: 'FP32', shape: [null, 4] }],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: [null, null] }],
  nodes: [node],
  initializers: [{ name: 'm', datatype: 'INT64', shape: [1], data: BigInt64Array.of(2n) }],
});

/** So many loops, one in the other, from `from`; what the innermost carries goes on growing. */
function loops(count: number, from = 'X', to = 'Y'): GraphNode {
  const [round, condition, carried, result] = ['i', 'c', 'v', 'o'].map((name) => `${name}${count}`) as [
    string,
    string,
    string,
    string,
  ];
  const inner =
    count === 1
      ? { op: 'Concat', inputs: [carried, carried], outputs: [result], attributes: { axis: 1 } }
      : loops(count - 1, carried, result);
  const graph = {
    name: 'body',
    inputs: [
      { name: round, datatype: 'INT64', shape: [] },
      { name: condition, datatype: 'BOOL', shape: [] },
      { name: carried, datatype: 'FP32', shape: [null, null] },
    ],
    outputs: [
      { name: condition, datatype: 'BOOL', shape: [] },
      { name: result, datatype: 'FP32', shape: [null, null] },
    ],
    nodes: [inner],
  } as const;
  return { op: 'Loop', inputs: ['m', '', from], outputs: [to], attributes: { body: { graph } } };
}
