import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { probeProvider } from '../../src/engine/probe/probe.js';
import type { ModelJson } from '../../src/model/config-schema.js';
import type { Graph } from '../../src/model/onnx/writer.js';
import { createRandom } from '../../src/tensor/random.js';
import { startRunner } from '../../src/workers/pool.js';
import { jsonOf, send } from '../support/http.js';
import { putModel } from '../support/models.js';
import { serveFor } from '../support/server.js';

type GpuProvider = 'cuda' | 'webgpu';

interface Adapter {
  readonly provider: GpuProvider;
  /** As answers name it. */
  readonly device: string;
  readonly isSoftware: boolean;
  readonly skip: false | string;
}

async function findAdapter(provider: GpuProvider): Promise<Adapter> {
  const proof = await probeProvider(provider, { env: process.env });
  const isSoftware = proof.works && proof.isSoftware === true;
  const device = provider === 'cuda' ? 'cuda:0' : isSoftware ? 'webgpu (software)' : 'webgpu';
  return { provider, device, isSoftware, skip: proof.works ? false : `needs ${provider}: ${proof.reason}` };
}

const adapters = [await findAdapter('cuda'), await findAdapter('webgpu')];
for (const { skip } of adapters) if (skip !== false) console.log(`skipped: ${skip}`);
if (process.env['REQUIRE_GPU'] === '1' && adapters.every(({ skip }) => skip !== false))
  throw new Error(adapters.map(({ skip }) => skip).join('; '));

const spec = { datatype: 'FP32', shape: ['batch', 4] } as const;

/** Y = max(0, X * 2): operators that every GPU provider has. */
const onAdapter: Graph = {
  name: 'on-adapter',
  inputs: [{ name: 'X', ...spec }],
  outputs: [{ name: 'Y', ...spec }],
  nodes: [
    { op: 'Mul', inputs: ['X', 'two'], outputs: ['P'] },
    { op: 'Relu', inputs: ['P'], outputs: ['Y'] },
  ],
  initializers: [{ name: 'two', datatype: 'FP32', shape: [1], data: Float32Array.of(2) }],
};

/** The same and Z = det(M), which GPU providers leave to the CPU. */
const onBoth: Graph = {
  ...onAdapter,
  name: 'on-both',
  inputs: [...onAdapter.inputs, { name: 'M', datatype: 'FP32', shape: ['batch', 2, 2] }],
  outputs: [...onAdapter.outputs, { name: 'Z', datatype: 'FP32', shape: ['batch'] }],
  nodes: [...onAdapter.nodes, { op: 'Det', inputs: ['M'], outputs: ['Z'] }],
};

const width = 512;
const random = createRandom(7);
const weights = Float32Array.from({ length: width * width }, () => random() - 0.5);
/** Y = X W: a sum of 512 products. */
const product: Graph = {
  name: 'product',
  inputs: [{ name: 'X', datatype: 'FP32', shape: ['batch', width] }],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: ['batch', width] }],
  nodes: [{ op: 'MatMul', inputs: ['X', 'W'], outputs: ['Y'] }],
  initializers: [{ name: 'W', datatype: 'FP32', shape: [width, width], data: weights }],
};

const x = { name: 'X', datatype: 'FP32', shape: [1, 4], data: [-1, 0, 1.5, 3] };
const identityMatrix = { name: 'M', datatype: 'FP32', shape: [1, 2, 2], data: [3, 0, 0, 2] };
const infer = (url: string, model: string, ...inputs: readonly object[]) =>
  send(url, { path: `/v2/models/${model}/infer`, body: JSON.stringify({ inputs }) });

interface Answered {
  readonly outputs: readonly { readonly name: string; readonly data: readonly number[] }[];
}

const outputsOf = (answer: Parameters<typeof jsonOf>[0]) =>
  Object.fromEntries((jsonOf(answer) as Answered).outputs.map(({ name, data }) => [name, data]));

for (const { provider, device, isSoftware, skip } of adapters)
  describe(`a model on ${provider}`, { skip }, () => {
    const asking = (execution: ModelJson['execution'] = {}): ModelJson => ({
      batching: { maxRows: 4, buckets: [1, 4] },
      execution: { providers: [provider], ...execution },
    });

    it('computes there, and every answer and description says so with the evidence', async (context) => {
      const { url } = await serveFor(context, {
        models: [
          { name: 'whole', graph: onAdapter, config: asking() },
          { name: 'part', graph: onBoth, config: asking() },
        ],
      });
      const whole = await infer(url, 'whole', x);
      assert.equal(whole.status, 200, whole.body.toString());
      assert.deepEqual(outputsOf(whole), { Y: [0, 0, 3, 6] });
      assert.equal(whole.headers['x-inference-device'], device);
      const { properties } = jsonOf(await send(url, { path: '/v2/models/whole' })) as {
        readonly properties: Readonly<Record<string, string>>;
      };
      assert.equal(properties['device'], device);
      assert.equal(properties['device_evidence'], 'profile');
      const part = await infer(url, 'part', x, identityMatrix);
      assert.deepEqual(outputsOf(part), { Y: [0, 0, 3, 6], Z: [6] });
      assert.equal(part.headers['x-inference-device'], device.replace(/(?= \(|$)/, '+cpu'));
    });

    it('computes products of FP32 numbers in full', async (context) => {
      const { url } = await serveFor(context, { models: [{ name: 'product', graph: product, config: asking() }] });
      const row = Array.from({ length: width }, () => Math.fround(random() - 0.5));
      const answer = await infer(url, 'product', { name: 'X', datatype: 'FP32', shape: [1, width], data: row });
      const found = outputsOf(answer)['Y'] ?? [];
      const exact = Array.from({ length: width }, (_, column) =>
        row.reduce((sum, value, at) => sum + value * (weights[at * width + column] ?? NaN), 0),
      );
      // Rounded to TF32, sums of this size would be off by some 1e-3.
      const error = Math.max(...exact.map((value, at) => Math.abs(value - (found[at] ?? NaN))));
      assert.ok(error < 1e-4, `largest difference ${error}`);
    });

    it('gives each of many requests at once its own rows', async (context) => {
      const { url } = await serveFor(context, { models: [{ name: 'whole', graph: onAdapter, config: asking() }] });
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, n) => infer(url, 'whole', { ...x, data: [n, n + 1, n + 2, -n] })),
      );
      assert.deepEqual(
        answers.map((answer) => outputsOf(answer)['Y']),
        answers.map((_, n) => [2 * n, 2 * n + 2, 2 * n + 4, 0]),
      );
    });

    it('is taken by strict mode whole, and refused where a node would run on the CPU', async (context) => {
      const folder = await mkdtemp(join(tmpdir(), 'slipway-gpu-'));
      const runner = await startRunner({ workers: 1, env: process.env });
      context.after(async () => {
        await runner.close();
        await rm(folder, { recursive: true });
      });
      const load = async (name: string, graph: Graph) => {
        const modelPath = await putModel(folder, { name, graph });
        const spec = { modelPath, logId: name, provider, deviceId: 0, strict: true } as const;
        const how = { instances: 1, next: () => undefined };
        return runner.load({ ...spec, intraOpThreads: 1, optimised: false }, how);
      };
      const { loaded } = await load('whole', onAdapter);
      assert.deepEqual(loaded.placement, { device, nodes: {}, evidence: 'strict-mode' });
      await assert.rejects(load('part', onBoth), { code: 'DEVICE_UNAVAILABLE', message: /CPU/ });
    });

    it('is refused where a GPU is required and the adapter is software, or a node would run on the CPU', async (context) => {
      const { url } = await serveFor(context, {
        models: [
          { name: 'whole', graph: onAdapter, config: asking({ requireGpu: true }) },
          { name: 'part', graph: onBoth, config: asking({ requireGpu: true }) },
        ],
      });
      const ready = await send(url, { path: '/v2/health/ready' });
      assert.equal(ready.status, 503);
      const reasons = ready.body.toString();
      assert.match(reasons, isSoftware ? /webgpu: its adapter is software, not a GPU/ : /'part'.*CPU/);
      assert.equal(/'whole'/.test(reasons), isSoftware);
    });

    it('is not what auto takes where the adapter is software', async (context) => {
      const flags = ['--execution-provider', 'auto'];
      const { url } = await serveFor(context, {
        flags,
        models: [{ name: 'm', graph: onAdapter, config: { batching: { maxRows: 4 } } }],
      });
      const answer = await infer(url, 'm', x);
      if (isSoftware) assert.equal(answer.headers['x-inference-device'], 'cpu');
      else assert.notEqual(answer.headers['x-inference-device'], 'cpu');
    });
  });
