import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Graph } from '../../../src/model/onnx/writer.js';
import { jsonOf, send } from '../../support/http.js';
import { serveFor } from '../../support/server.js';

/** Y = X + B, each with rows of its own: one row of either is added to all of the other. */
const added: Graph = {
  name: 'added',
  inputs: [
    { name: 'X', datatype: 'FP32', shape: ['N', 2] },
    { name: 'B', datatype: 'FP32', shape: ['M', 2] },
  ],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: ['K', 2] }],
  nodes: [{ op: 'Add', inputs: ['X', 'B'], outputs: ['Y'] }],
};

const tensor = (name: string, data: readonly number[]) => ({
  name,
  datatype: 'FP32',
  shape: [data.length / 2, 2],
  data,
});
const bodyOf = (x: readonly number[], b: readonly number[]) =>
  JSON.stringify({ inputs: [tensor('X', x), tensor('B', b)] });
const path = '/v2/models/m/infer';

describe('inputs of different first dimensions', () => {
  it('run alone where nobody asked for batching, as the model takes them', async (context) => {
    const { url } = await serveFor(context, { models: [{ name: 'm', graph: added }] });
    const ask = async (x: readonly number[], b: readonly number[]) => {
      const answer = await send(url, { path, body: bodyOf(x, b) });
      assert.equal(answer.status, 200, answer.body.toString());
      return (jsonOf(answer) as { outputs: { shape: number[]; data: number[] }[] }).outputs[0];
    };
    const config = jsonOf(await send(url, { path: '/v2/models/m/config' })) as { max_batch_size: number };
    assert.equal(config.max_batch_size, 32, 'requests of like rows share runs');
    const many = Array.from({ length: 80 }, (_, n) => n - 40);
    const answers = await Promise.all([
      ask([1, 2, -3, 4], [10, -20]),
      ask([1, 2], [10, -20]),
      ask([7, 8], [1, 2, 3, 4, -5, -6]),
      ask([1, 2, 3, 4], [10, 20, 30, 40]),
      ask(many, [0.5, -0.5]),
    ]);
    assert.deepEqual(
      answers.slice(0, 4).map((output) => [output?.shape, output?.data]),
      [
        [
          [2, 2],
          [11, -18, 7, -16],
        ],
        [
          [1, 2],
          [11, -18],
        ],
        [
          [3, 2],
          [8, 10, 10, 12, 2, 2],
        ],
        [
          [2, 2],
          [11, 22, 33, 44],
        ],
      ],
    );
    assert.deepEqual(
      answers[4]?.data,
      many.map((value, n) => value + (n % 2 === 0 ? 0.5 : -0.5)),
    );
  });

  it('are the client’s fault where the model cannot run on them, or model.json asks for batching', async (context) => {
    const config = { batching: { maxRows: 8 } };
    const models = [
      { name: 'm', graph: added },
      { name: 'batched', graph: added, config },
    ];
    const { url } = await serveFor(context, { models });
    const two = await send(url, { path, body: bodyOf([1, 2, 3, 4], [1, 2, 3, 4, 5, 6]) });
    assert.equal(two.status, 400, two.body.toString());
    const batched = await send(url, { path: '/v2/models/batched/infer', body: bodyOf([1, 2, 3, 4], [1, 2]) });
    assert.equal(batched.status, 400);
    assert.match(batched.body.toString(), /input 'B' batch size does not match other inputs for 'batched'/);
  });
});
