import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ModelMetadata } from '../../../src/protocol/types.js';
import type { Graph } from '../../../src/model/onnx/writer.js';
import { jsonOf, send, withBinary } from '../../support/http.js';
import { serveFor } from '../../support/server.js';

/** Y = X * W + b, where W and b are inputs with a default. */
const weighted: Graph = {
  name: 'weighted',
  inputs: [
    { name: 'X', datatype: 'FP32', shape: ['N', 2] },
    { name: 'W', datatype: 'FP32', shape: [2, 1] },
    { name: 'b', datatype: 'FP32', shape: [1] },
  ],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: ['N', 1] }],
  nodes: [
    { op: 'MatMul', inputs: ['X', 'W'], outputs: ['P'] },
    { op: 'Add', inputs: ['P', 'b'], outputs: ['Y'] },
  ],
  initializers: [
    { name: 'W', datatype: 'FP32', shape: [2, 1], data: Float32Array.of(2, 3) },
    { name: 'b', datatype: 'FP32', shape: [1], data: Float32Array.of(0) },
  ],
};

const tensor = (name: string, shape: readonly number[], data: readonly number[]) => ({
  name,
  datatype: 'FP32',
  shape,
  data,
});
const x = (...data: number[]) => tensor('X', [data.length / 2, 2], data);
const w = (...data: number[]) => tensor('W', [2, 1], data);
const b = (value: number) => tensor('b', [1], [value]);

describe('an input with a default in the model', () => {
  for (const [title, config] of [
    ['one request a run', { batching: { maxRows: 0 } }],
    ['batches, padded to 4 rows', { batching: { maxRows: 4, buckets: [4], maxDelayMs: 5 } }],
  ] as const) {
    it(`may be left out or given, each by itself, with ${title}`, async (context) => {
      const { url } = await serveFor(context, { models: [{ name: 'm', graph: weighted, config }] });
      const ask = async (...inputs: readonly object[]) => {
        const answer = await send(url, { path: '/v2/models/m/infer', body: JSON.stringify({ inputs }) });
        assert.equal(answer.status, 200, answer.body.toString());
        return (jsonOf(answer) as { outputs: { data: number[] }[] }).outputs[0]?.data;
      };
      // Sent together, so that whoever may share a run does.
      const answers = await Promise.all([
        ask(x(1, 2)),
        ask(x(1, 2, -1, 0), w(10, -10)),
        ask(x(1, 2), b(100)),
        ask(w(-1, 0.5), x(1, 2, 3, 4, 5, 6), b(-7)),
        ask(x(5, 5)),
        ask(x(1, 2), w(0, 0)),
      ]);
      assert.deepEqual(answers, [[8], [-10, -10], [108], [-7, -8, -9], [25], [0]]);
    });
  }

  it('is optional in the metadata, and taken in every form of request', async (context) => {
    const { url } = await serveFor(context, { models: [{ name: 'm', graph: weighted }] });
    const get = async (path: string) => jsonOf(await send(url, { path }));
    const metadata = (await get('/v2/models/m')) as ModelMetadata;
    assert.deepEqual(metadata.inputs, [
      { name: 'X', datatype: 'FP32', shape: [-1, 2] },
      { name: 'W', datatype: 'FP32', shape: [2, 1], optional: true },
      { name: 'b', datatype: 'FP32', shape: [1], optional: true },
    ]);
    const config = (await get('/v2/models/m/config')) as { input: object[]; max_batch_size: number };
    assert.deepEqual(config.input.slice(1), [
      { name: 'W', data_type: 'TYPE_FP32', dims: [2, 1], optional: true },
      { name: 'b', data_type: 'TYPE_FP32', dims: [1], optional: true },
    ]);
    assert.ok(config.max_batch_size > 0, 'batching is on: a default is no row');
    const v1 = JSON.stringify(await get('/v1/models/m/metadata'));
    assert.match(v1, /"defaults":\{"W":\{"name":"W","dtype":"DT_FLOAT"/);

    const predict = async (body: object) =>
      jsonOf(await send(url, { path: '/v1/models/m:predict', body: JSON.stringify(body) }));
    assert.deepEqual(await predict({ instances: [[1, 2]] }), { predictions: [[8]] });
    assert.deepEqual(await predict({ instances: [{ X: [1, 2] }] }), { predictions: [[8]] });
    assert.deepEqual(await predict({ inputs: { X: [[1, 2]] } }), { outputs: [[8]] });
    assert.deepEqual(await predict({ inputs: { W: [[10], [10]], X: [[1, 2]] } }), { outputs: [[30]] });
    const refused = await predict({ instances: [{ X: [1, 2], W: [[10], [10]] }] });
    assert.match(JSON.stringify(refused), /shape for input 'W'.*Expected \[2,1\], got \[1,2,1\]/);

    const inputs = [
      { name: 'X', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } },
      { name: 'W', datatype: 'FP32', shape: [2, 1], parameters: { binary_data_size: 8 } },
    ];
    const parts = [new Uint8Array(Float32Array.of(1, 2).buffer), new Uint8Array(Float32Array.of(10, 10).buffer)];
    const binary = await send(url, { path: '/v2/models/m/infer', ...withBinary({ inputs }, ...parts) });
    assert.deepEqual((jsonOf(binary) as { outputs: { data: number[] }[] }).outputs[0]?.data, [30]);
  });

  it('is refused with a wrong shape or datatype, and where a required one is missing', async (context) => {
    const { url } = await serveFor(context, { models: [{ name: 'm', graph: weighted }] });
    const ask = async (...inputs: readonly object[]) => {
      const answer = await send(url, { path: '/v2/models/m/infer', body: JSON.stringify({ inputs }) });
      return `${answer.status} ${answer.body.toString()}`;
    };
    assert.match(await ask(x(1, 2), tensor('W', [2], [1, 2])), /^400 .*input 'W'.*Expected \[2,1\], got \[2\]/);
    assert.match(await ask(x(1, 2), { ...w(1, 2), datatype: 'FP64' }), /^400 .*'W' data-type is 'FP64'/);
    assert.match(await ask(w(1, 2)), /^400 .*missing required input\(s\) \['X'\]/);
  });

  it('may be large, of any number, and each combination of them replaced in turn', async (context) => {
    const size = 300_000;
    const names = ['a', 'b', 'c'];
    const graph: Graph = {
      name: 'sum',
      inputs: [
        { name: 'X', datatype: 'INT64', shape: [size] },
        ...names.map((name) => ({ name, datatype: 'INT64', shape: [size] }) as const),
      ],
      outputs: [{ name: 'Y', datatype: 'INT64', shape: [1] }],
      nodes: [
        { op: 'Add', inputs: ['X', 'a'], outputs: ['xa'] },
        { op: 'Add', inputs: ['xa', 'b'], outputs: ['xab'] },
        { op: 'Add', inputs: ['xab', 'c'], outputs: ['xabc'] },
        { op: 'ReduceSum', inputs: ['xabc'], outputs: ['Y'] },
      ],
      initializers: names.map((name, index) => ({
        name,
        datatype: 'INT64',
        shape: [size],
        data: new BigInt64Array(size).fill(BigInt(10 ** index)),
      })),
    };
    const { url } = await serveFor(context, { models: [{ name: 'm', graph }] });
    const given = (name: string, value: number) => ({ name, value });
    for (let round = 0; round < 2; round++) {
      for (let mask = 0; mask < 8; mask++) {
        const replaced = names.filter((_, index) => (mask & (1 << index)) !== 0).map((name) => given(name, -3));
        const all = [given('X', 1), ...replaced];
        const inputs = all.map(({ name }) => ({
          name,
          datatype: 'INT64',
          shape: [size],
          parameters: { binary_data_size: size * 8 },
        }));
        const parts = all.map(({ value }) => new Uint8Array(new BigInt64Array(size).fill(BigInt(value)).buffer));
        const answer = await send(url, { path: '/v2/models/m/infer', ...withBinary({ inputs }, ...parts) });
        const expected = names.reduce((sum, _, index) => sum + ((mask & (1 << index)) !== 0 ? -3 : 10 ** index), 1);
        const [output] = (jsonOf(answer) as { outputs: { data: number[] }[] }).outputs;
        assert.deepEqual(output?.data, [expected * size], `mask ${mask}`);
      }
    }
  });
});
