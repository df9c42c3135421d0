import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Graph, GraphDim } from '../../../src/model/onnx/writer.js';
import { jsonOf, send } from '../../support/http.js';
import { openTestServer, type TestServer } from '../../support/server.js';

interface Tensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** Y = X + X of a shape, on FP32. */
const twice = (name: string, shape: readonly GraphDim[]): Graph => ({
  name,
  inputs: [{ name: 'X', datatype: 'FP32', shape }],
  outputs: [{ name: 'Y', datatype: 'FP32', shape }],
  nodes: [{ op: 'Add', inputs: ['X', 'X'], outputs: ['Y'] }],
});

const models = [
  { name: 'rows', graph: twice('rows', ['batch']) },
  { name: 'fixed', graph: twice('fixed', [5]) },
  { name: 'scalar', graph: twice('scalar', []) },
  { name: 'matrix', graph: twice('matrix', ['batch', 4]) },
];
/** What Y has where X has this shape. */
const outputOf: Readonly<Record<string, (shape: readonly number[]) => readonly number[]>> = {
  rows: ([batch = 0]) => [batch],
  scalar: () => [],
};

/**
 * What perf_analyzer does with a model: it reads metadata and configuration, drops the first dimension where `max_batch_size` is not 0, puts the batch
 * before the rest, sends binary tensors and asks for binary ones, and reads the statistics before and after. It ends with "unable to set shape
 * for the input" where nothing is left of a shape.
 */
describe('a load tool that knows a model by its metadata and configuration alone', () => {
  let opened: TestServer & { stop(): Promise<void> };
  before(async () => {
    opened = await openTestServer({ models });
  });
  after(() => opened.stop());

  const read = async <T>(path: string): Promise<T> => jsonOf(await send(opened.url, { path })) as T;
  const countOf = async (name: string): Promise<number> => {
    const { model_stats } = await read<{ model_stats: { inference_stats: { success: { count: number } } }[] }>(
      `/v2/models/${name}/stats`,
    );
    return Number(model_stats[0]?.inference_stats.success.count);
  };

  for (const { name } of models)
    it(`drives a model of the shape that '${name}' has, by one row, and by three where it batches`, async () => {
      const { inputs, outputs } = await read<{ inputs: Tensor[]; outputs: Tensor[] }>(`/v2/models/${name}`);
      const { max_batch_size } = await read<{ max_batch_size: number }>(`/v2/models/${name}/config`);
      const [input, output] = [inputs[0]!, outputs[0]!];
      const own = max_batch_size > 0 ? input.shape.slice(1) : input.shape;
      assert.ok(own.length > 0, 'no dimension is left');
      const before = await countOf(name);
      const batches = max_batch_size > 0 ? [1, 3] : [1];
      for (const batch of batches) {
        const shape = (max_batch_size > 0 ? [batch, ...own] : own).map((dim) => (dim === -1 ? batch : dim));
        const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, n) => n - 1.5);
        const binary_data_size = values.byteLength;
        const asked = { id: '0', inputs: [{ ...input, shape, parameters: { binary_data_size } }] };
        const header = Buffer.from(
          JSON.stringify({ ...asked, outputs: [{ name: output.name, parameters: { binary_data: true } }] }),
        );
        const answer = await send(opened.url, {
          path: `/v2/models/${name}/infer`,
          body: Buffer.concat([header, Buffer.from(values.buffer)]),
          headers: {
            'content-type': 'application/octet-stream',
            'inference-header-content-length': String(header.length),
          },
        });
        assert.equal(answer.status, 200, answer.body.toString('utf8', 0, 300));
        const length = Number(answer.headers['inference-header-content-length']);
        const { outputs: got } = JSON.parse(answer.body.toString('utf8', 0, length)) as { outputs: Tensor[] };
        assert.deepEqual(got[0]?.shape, outputOf[name]?.(shape) ?? shape);
        const bytes = answer.body.subarray(length);
        const doubled = values.map((value) => 2 * value);
        assert.deepEqual(new Float32Array(Uint8Array.from(bytes).buffer), doubled);
      }
      assert.equal((await countOf(name)) - before, batches.length);
    });

  it('is told of a tensor without a dimension of its own as Triton tells of one, with what the model makes of it', async () => {
    const told = async (name: string) => {
      const { inputs, outputs } = await read<{ inputs: Tensor[]; outputs: Tensor[] }>(`/v2/models/${name}`);
      const { input } = await read<{ input: { dims: number[]; reshape?: object }[] }>(`/v2/models/${name}/config`);
      const [{ dims, reshape } = { dims: [] }] = input;
      return { input: inputs[0]?.shape, output: outputs[0]?.shape, dims, reshape };
    };
    const reshape = { shape: [] };
    assert.deepEqual(await told('scalar'), { input: [1], output: [], dims: [1], reshape });
    assert.deepEqual(await told('rows'), { input: [-1, 1], output: [-1], dims: [1], reshape });
    assert.deepEqual(await told('fixed'), { input: [5], output: [5], dims: [5], reshape: undefined });
    assert.deepEqual(await told('matrix'), { input: [-1, 4], output: [-1, 4], dims: [4], reshape: undefined });
  });

  it('may send such a tensor in either shape, and in no other', async () => {
    const infer = (name: string, shape: readonly number[]) => {
      const data = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, n) => n - 1.5);
      const body = JSON.stringify({ inputs: [{ name: 'X', datatype: 'FP32', shape, data }] });
      return send(opened.url, { path: `/v2/models/${name}/infer`, body });
    };
    for (const [name, shape, answered] of [
      ['scalar', [], []],
      ['scalar', [1], []],
      ['rows', [1], [1]],
      ['rows', [1, 1], [1]],
      ['rows', [7], [7]],
      ['rows', [7, 1], [7]],
    ] as const) {
      const answer = await infer(name, shape);
      const { outputs } = jsonOf(answer) as { outputs: (Tensor & { data: number[] })[] };
      assert.deepEqual(outputs[0]?.shape, answered, `${name} ${shape.join()}`);
      assert.deepEqual(
        outputs[0].data,
        Array.from({ length: answered[0] ?? 1 }, (_, n) => 2 * n - 3),
      );
    }
    for (const [name, shape] of [
      ['scalar', [2]],
      ['scalar', [1, 1]],
      ['rows', []],
      ['rows', [2, 2]],
      ['rows', [2, 1, 1]],
      ['fixed', [5, 1]],
      ['matrix', [2, 4, 1]],
    ] as const) {
      const { status, body } = await infer(name, shape);
      assert.equal(status, 400, `${name} ${shape.join()}`);
      assert.match(body.toString(), /unexpected shape for input 'X'/);
    }
  });
});
