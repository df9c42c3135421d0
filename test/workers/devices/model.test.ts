import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Registry } from 'prom-client';
import type { ServableModel } from '../../../src/repository/types.js';
import { countPerGpu } from '../../../src/repository/loading/instances.js';
import { describeConfig, describeModel } from '../../../src/server/describe/model-description.js';
import { registerModelMetrics } from '../../../src/server/metrics/model-metrics.js';
import { startRunner, type RunnerPool } from '../../../src/workers/pool.js';
import { putModel } from '../../support/models.js';
import { addsConstant, constantOf, rowOf, useWorkplace } from '../../repository/workplace.js';

const place = useWorkplace();
let runner: RunnerPool;
before(async () => {
  const entry = new URL('./pretended-gpus.js', import.meta.url);
  runner = await startRunner({ workers: 1, env: process.env, entry });
});
after(() => runner.close());

const strict = { execution: { requireGpu: true }, batching: { maxRows: 0 } };
const note = 'instances.gpu asks for all: it has 2 (cuda:0, cuda:3).';

/** A model on the pretended GPUs 0 and 3. */
async function open(config: object): Promise<{ readonly model: ServableModel; readonly wanted: readonly unknown[] }> {
  const root = await place.folder();
  await putModel(root, { name: 'm', graph: addsConstant(7), config: { ...strict, ...config } });
  const wanted: unknown[] = [];
  const repository = await place.open(root, {
    runner,
    chooseProvider: () => Promise.resolve({ provider: 'cuda', reason: 'cuda works', isGpuRequired: true }),
    findDevices: (...asked) => {
      wanted.push(asked);
      return Promise.resolve(asked[1] === 'all' ? { deviceIds: [0, 3], note } : { deviceIds: [0] });
    },
  });
  return { model: repository.get('m'), wanted };
}

const mib = 2 ** 20;

const groupsOf = (model: ServableModel) =>
  (describeConfig(model) as { readonly instance_group: unknown }).instance_group;

describe('a model on several GPUs', () => {
  it('answers from whichever is free, and is described with all of them', async () => {
    const { model, wanted } = await open({ instances: { gpu: 'all', perGpu: 1 } });
    assert.deepEqual(wanted, [['cuda', 'all']]);
    assert.deepEqual([model.devices, model.instances, model.notes], [['cuda:0', 'cuda:3'], 2, [note]]);
    const { properties = {} } = describeModel(model, { versions: ['1'], wholeMetadata: false });
    assert.deepEqual([properties['device'], properties['instances']], ['cuda:0,cuda:3', '2']);
    assert.deepEqual(groupsOf(model), [{ name: 'm', kind: 'KIND_GPU', count: 1, gpus: [0, 3] }]);
    const results = await Promise.all([1, -5].map((value) => model.infer(rowOf(value))));
    assert.deepEqual(
      results.map(({ device, outputs }) => [device, outputs.get('Y')?.data[0]]),
      [
        ['cuda:0', 8],
        ['cuda:3', 2],
      ],
    );
  });

  it('counts runs by device', async () => {
    const { model } = await open({ instances: { gpu: 'all', perGpu: 1 } });
    await Promise.all([1, 2].map((value) => model.infer(rowOf(value))));
    await model.infer(rowOf(3));
    const registry = new Registry();
    registerModelMetrics(registry, () => [model]);
    const lines = (await registry.metrics()).split('\n');
    const of = (name: string) => lines.filter((line) => line.startsWith(`${name}{`)).sort();
    const labels = (device: string) => `{model="m",version="1",device="${device}"}`;
    assert.deepEqual(of('slipway_model_info'), [
      `slipway_model_info${labels('cuda:0')} 1`,
      `slipway_model_info${labels('cuda:3')} 1`,
    ]);
    // Whichever finished first was counted first.
    assert.deepEqual(of('slipway_model_device_runs_total').sort(), [
      `slipway_model_device_runs_total${labels('cuda:0')} 2`,
      `slipway_model_device_runs_total${labels('cuda:3')} 1`,
    ]);
    const seconds = of('slipway_model_device_seconds_total').map((line) => Number(line.split(' ')[1]));
    assert.ok(seconds.length === 2 && seconds.every((value) => value > 0), seconds.join());
  });

  it('is on one unless it asks for more', async () => {
    const { model, wanted } = await open({});
    assert.deepEqual(wanted, [['cuda', 1]]);
    assert.deepEqual([model.devices, model.notes], [['cuda:0'], []]);
    assert.equal(await constantOf(model), 7);
    assert.equal((await model.infer(rowOf(1))).device, undefined);
  });

  it('has as many instances on each as there are CPUs, up to four, or as model.json says', async () => {
    const { model } = await open({});
    assert.equal(model.instances, 2, 'the loader has two CPUs');
    assert.deepEqual(groupsOf(model), [{ name: 'm', kind: 'KIND_GPU', count: 2, gpus: [0] }]);
    const { model: many } = await open({ instances: { gpu: 'all', perGpu: 3 } });
    assert.equal(many.instances, 6);
    assert.deepEqual(groupsOf(many), [{ name: 'm', kind: 'KIND_GPU', count: 3, gpus: [0, 3] }]);
    const values = Array.from({ length: 30 }, (_, n) => n * (n % 2 === 0 ? -1 : 1000));
    const results = await Promise.all(values.map((value) => many.infer(rowOf(value))));
    assert.deepEqual(
      results.map(({ outputs }) => outputs.get('Y')?.data[0]),
      values.map((value) => value + 7),
    );
  });
});

describe('instances on one GPU', () => {
  it('are four, fewer where CPUs or the memory for copies of the weights do not suffice, and never none', () => {
    const cases = [
      [1, 16, 4],
      [128 * mib, 16, 4],
      [128 * mib + 1, 16, 3],
      [200 * mib, 16, 2],
      [256 * mib + 1, 16, 1],
      [40_000 * mib, 16, 1],
      [mib, 3, 3],
      [mib, 1.5, 1],
      [mib, 0.25, 1],
      [0, 8, 4],
    ] as const;
    for (const [bytes, cpus, count] of cases)
      assert.equal(countPerGpu(bytes, cpus), count, `${bytes} bytes, ${cpus} CPUs`);
  });
});
