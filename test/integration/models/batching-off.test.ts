import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { serveFor } from '../../support/server.js';
import type { Graph } from '../../../src/model/onnx/writer.js';

/** One output for every two elements, whatever the rows. */
const pairs: Graph = {
  name: 'pairs',
  inputs: [{ name: 'X', datatype: 'FP32', shape: ['n', 4] }],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: ['m', 2] }],
  nodes: [{ op: 'Reshape', inputs: ['X', 'target'], outputs: ['Y'] }],
  initializers: [{ name: 'target', datatype: 'INT64', shape: [2], data: BigInt64Array.of(-1n, 2n) }],
};

describe('batching that is turned off while a model serves', () => {
  it('stands in its configuration, its metadata, the metrics and the log, and every answer was right', async (context) => {
    const config = { batching: { maxRows: 2, maxDelayMs: 20_000 } };
    const { url, lines } = await serveFor(context, { models: [{ name: 'm', graph: pairs, config }] });
    const json = async (path: string, init?: RequestInit) => (await (await fetch(url + path, init)).json()) as never;
    const ask = async (value: number) => {
      const inputs = [{ name: 'X', datatype: 'FP32', shape: [1, 4], data: [value, 2, 3, 4] }];
      const answer: { outputs: { shape: number[]; data: number[] }[] } = await json('/v2/models/m/infer', {
        method: 'POST',
        body: JSON.stringify({ inputs }),
      });
      return [answer.outputs[0]!.shape, answer.outputs[0]!.data];
    };
    assert.deepEqual(await Promise.all([ask(1), ask(9)]), [
      [
        [2, 2],
        [1, 2, 3, 4],
      ],
      [
        [2, 2],
        [9, 2, 3, 4],
      ],
    ]);
    assert.equal((await json('/v2/models/m/config'))['max_batch_size'], 0);
    const warned = lines.filter(({ message }) => String(message).startsWith('batching turned off'));
    assert.deepEqual(
      warned.map(({ model, version, kind }) => [model, version, kind]),
      [['m', '1', 'uncut']],
    );
    assert.match(JSON.stringify(await json('/v2/models/m')), /Batching was turned off while serving: Output Y/);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    assert.match(metrics, /slipway_batching_turned_off_total\{model="m",version="1"\} 1/);
  });
});
