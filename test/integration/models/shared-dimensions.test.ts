import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Graph } from '../../../src/model/onnx/writer.js';
import { jsonOf, send } from '../../support/http.js';
import { serveFor } from '../../support/server.js';

const list = (name: string, ...values: number[]) =>
  ({ name, datatype: 'FP32', shape: [values.length], data: Float32Array.from(values) }) as const;
const shape = ['n', 'tokens', 2];

/** The runtime makes one kernel of both nodes, which goes through B by the length of A. */
const graph = (left: string, right: string): Graph => ({
  name: 'sum',
  inputs: [
    { name: 'A', datatype: 'FP32', shape },
    { name: 'B', datatype: 'FP32', shape },
  ],
  outputs: [{ name: 'Y', datatype: 'FP32', shape }],
  initializers: [list('scale', 3, 5), list('bias', 10, 20)],
  nodes: [
    { op: 'Add', inputs: [left, right], outputs: ['sum'] },
    { op: 'LayerNormalization', inputs: ['sum', 'scale', 'bias'], outputs: ['Y'], attributes: { epsilon: 1e-12 } },
  ],
});

/** Rows of one token whose second number is far larger, or smaller. */
const tensor = (name: string, [rows, tokens]: readonly [number, number]) => {
  const data = Array.from({ length: rows * tokens }, (_, at) => (at % 2 === 0 ? [-100, 100] : [100, -100])).flat();
  return { name, datatype: 'FP32', shape: [rows, tokens, 2], data };
};

describe('inputs with dimensions of one name', () => {
  for (const [left, right] of [
    ['A', 'B'],
    ['B', 'A'],
  ] as const) {
    it(`are added as ${left} and ${right} where these are equal, and refused where they are not`, async (context) => {
      const { url } = await serveFor(context, { models: [{ name: 'm', graph: graph(left, right) }] });
      const ask = async (a: readonly [number, number], b: readonly [number, number]) => {
        const body = JSON.stringify({ inputs: [tensor('A', a), tensor('B', b)] });
        const answer = await send(url, { path: '/v2/models/m/infer', body });
        return { status: answer.status, ...(jsonOf(answer) as { error?: string; outputs?: { data: number[] }[] }) };
      };
      const { outputs } = await ask([2, 1], [2, 1]);
      assert.deepEqual(outputs?.[0]?.data.map(Math.round), [7, 25, 13, 15]);
      assert.deepEqual((await ask([0, 3], [0, 3])).outputs?.[0]?.data, []);
      for (const [a, b] of [
        [2, 0],
        [0, 2],
        [1, 0],
        [1, 2],
        [2, 1],
        [2, 3],
        [4, 2],
      ] as const) {
        const rows = await ask([a, 3], [b, 3]);
        assert.equal(rows.status, 400);
        assert.equal(
          rows.error,
          `input 'B' of shape [${b},3,2] has ${b} in dimension 0, and input 'A' has ${a} where model 'm' declares the same, 'n'. Expected one size`,
        );
        assert.match((await ask([2, a], [2, b])).error ?? '', /in dimension 1.*'tokens'/);
      }
      assert.equal((await ask([3, 2], [3, 2])).status, 200);
    });
  }
});
