import assert from 'node:assert/strict';
import { before, describe, it, type TestContext } from 'node:test';
import { startRunner } from '../../../src/workers/pool.js';
import type { DeviceLoss } from '../../../src/workers/runner-options.js';
import { temporaryFolder } from '../../support/folder.js';
import { putModel, sumAndDifference } from '../../support/models.js';
import { launchFailure, openGpu } from './gpu.js';
import { firstSum, Queue, specOf, sumJob } from '../queue.js';

let sums: string;
before(async () => {
  sums = await putModel(temporaryFolder('lost-'), { name: 'sums', graph: sumAndDifference });
});

/** A pool with a GPU that may break, a session on it and one on the CPU, and what is told. */
async function start(t: TestContext, deviceIds: readonly number[] = [0]) {
  const gpu = openGpu();
  const told: [event: string, DeviceLoss | readonly string[]][] = [];
  const waiting = new Set<() => void>();
  const tell = (...one: (typeof told)[number]): void => {
    told.push(one);
    for (const look of waiting) look();
  };
  const runner = await startRunner({
    workers: 1,
    env: process.env,
    entry: gpu.entry,
    events: {
      onDeviceLost: (loss) => tell('lost', loss),
      onDeviceGone: (loss) => tell('gone', loss),
      onWorkerRestarted: ({ failures }) => tell('restarted', failures),
    },
  });
  t.after(() => runner.close());
  const lost: string[] = [];
  const [onGpu, onCpu] = [new Queue(), new Queue()];
  const spec = { ...specOf(sums), provider: 'cuda', deviceId: 0 } as const;
  const load = {
    instances: 1,
    deviceIds,
    next: onGpu.next,
    onLost: (reason: string) => void lost.push(reason),
  } as const;
  const session = await runner.load(spec, load);
  const other = await runner.load(specOf(sums), { instances: 1, next: onCpu.next });
  return {
    gpu,
    runner,
    told,
    lost,
    /** Resolves once an event was told so often. */
    until: (event: string, count = 1) =>
      new Promise<void>((resolve) => {
        const look = (): void => {
          if (told.filter(([name]) => name === event).length >= count) resolve();
        };
        waiting.add(look);
        look();
      }),
    run: (a: number, b: number) => onGpu.run(session, sumJob(a, b)),
    runOnCpu: (a: number, b: number) => onCpu.run(other, sumJob(a, b)),
    loadAgain: () => runner.load(spec, { instances: 1, next: onGpu.next }),
  };
}

const events = (told: readonly (readonly [string, unknown])[]): readonly string[] => told.map(([event]) => event);

describe('a GPU that is lost while it computes', () => {
  it('fails the run that met it, and has its worker filled anew, which serves what waited', async (t) => {
    const { gpu, told, run, runOnCpu, until, runner } = await start(t);
    assert.equal(firstSum(await run(1, 2)), 3);
    const restarted = until('restarted');
    gpu.set({ run: launchFailure });
    const failed = run(1, 2);
    await assert.rejects(failed, {
      code: 'DEVICE_UNAVAILABLE',
      message: /^The device was lost while the model ran \(CUDA failure 719: unspecified launch failure\)/,
    });
    gpu.set({});
    const waiting = run(-4, 1);
    assert.equal(firstSum(await runOnCpu(5, 5)), 10);
    await restarted;
    assert.equal(firstSum(await waiting), -3);
    assert.deepEqual(events(told), ['lost', 'restarted']);
    const { worker, provider, deviceId } = told[0]?.[1] as DeviceLoss;
    assert.deepEqual({ worker, provider, deviceId }, { worker: 'gpu-0', provider: 'cuda', deviceId: 0 });
    assert.deepEqual([runner.devices.cuda, runner.devices.gone], [[0], []]);
  });

  it('is gone where its models do not load again: they are given up with the reason, and the CPU’s serve', async (t) => {
    const { gpu, told, lost, run, runOnCpu, until, runner, loadAgain } = await start(t);
    const gone = until('gone');
    gpu.set({ run: launchFailure, load: 'CUDA failure 999: unknown error ; GPU=0 ; expr=cudaSetDevice(0)' });
    await assert.rejects(run(1, 2), { code: 'DEVICE_UNAVAILABLE' });
    await gone;
    assert.deepEqual(events(told), ['lost', 'restarted', 'gone']);
    assert.match(lost.join(), /CUDA failure 999: unknown error/);
    await assert.rejects(run(1, 2), { code: 'WORKER_LOST', message: /CUDA failure 999/ });
    assert.equal(firstSum(await runOnCpu(2, 2)), 4);
    assert.deepEqual(runner.devices.gone, ['gpu-0']);
    await assert.rejects(loadAgain(), { code: 'DEVICE_UNAVAILABLE' });
    gpu.set({});
    const session = await loadAgain();
    assert.deepEqual([runner.devices.gone, session.loaded.instances], [[], 1]);
  });

  it('is gone where it is lost again at once, however well its models load', async (t) => {
    const { gpu, told, lost, run, until } = await start(t);
    const restarted = until('restarted');
    gpu.set({ run: launchFailure });
    await assert.rejects(run(1, 2), { code: 'DEVICE_UNAVAILABLE' });
    await restarted;
    await assert.rejects(run(1, 2), { code: 'DEVICE_UNAVAILABLE' });
    assert.deepEqual(events(told), ['lost', 'restarted', 'lost', 'gone']);
    assert.match(lost.join(), /CUDA failure 719/);
  });

  it('has all threads of that GPU filled anew, for they share what was lost, and gives them up together', async (t) => {
    const { gpu, told, lost, run, until, runner } = await start(t, [0, 1, 0, 0]);
    const restarted = until('restarted', 3);
    gpu.set({ deviceId: 0, run: launchFailure });
    const outcomes = await Promise.allSettled([run(1, 2), run(1, 2)]);
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    await restarted;
    assert.deepEqual(events(told), ['lost', 'restarted', 'restarted', 'restarted']);
    const gone = until('gone');
    await Promise.allSettled([run(1, 2), run(1, 2)]);
    await gone;
    assert.deepEqual(events(told).slice(4), ['lost', 'gone']);
    assert.deepEqual([lost, runner.devices.gone.toSorted()], [[], ['gpu-0', 'gpu-0.2', 'gpu-0.3']]);
    for (const value of [1, -2, 3]) assert.equal(firstSum(await run(value, 1)), value + 1);
  });

  it('takes no thread of CUDA along where it is the adapter of WebGPU', async (t) => {
    const { gpu, told, run, until, runner } = await start(t, [0, 0]);
    const onAdapter = new Queue();
    const adapter = { ...specOf(sums), provider: 'webgpu', deviceId: 0 } as const;
    const session = await runner.load(adapter, { instances: 1, next: onAdapter.next });
    const restarted = until('restarted');
    gpu.set({ run: 'WebGPU device is lost' });
    await assert.rejects(onAdapter.run(session, sumJob(1, 2)), { code: 'DEVICE_UNAVAILABLE' });
    gpu.set({});
    await restarted;
    assert.equal(firstSum(await onAdapter.run(session, sumJob(-7, 2))), -5);
    assert.equal(firstSum(await run(1, 2)), 3);
    assert.deepEqual(events(told), ['lost', 'restarted']);
    assert.equal((told[0]?.[1] as DeviceLoss).worker, 'webgpu');
  });

  it('leaves its models to the other devices that hold them', async (t) => {
    const { gpu, told, lost, run, until, runner } = await start(t, [0, 1]);
    assert.deepEqual(runner.devices.cuda, [0, 1]);
    const gone = until('gone');
    gpu.set({ deviceId: 0, run: launchFailure, load: launchFailure });
    const results = await Promise.allSettled([run(1, 2), run(3, 4)]);
    assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    await gone;
    for (const value of [1, 2, 3]) assert.equal(firstSum(await run(value, 1)), value + 1);
    assert.deepEqual([events(told).slice(0, 2), lost, runner.devices.gone], [['lost', 'restarted'], [], ['gpu-0']]);
  });

  it('leaves a run that fails for another reason as it is', async (t) => {
    const { gpu, told, run } = await start(t);
    gpu.set({ run: 'CUDA failure 2: out of memory ; GPU=0 ; expr=cudaMalloc((void**)&p, size)' });
    await assert.rejects(run(1, 2), { code: 'ENGINE_FAILED' });
    gpu.set({});
    assert.equal(firstSum(await run(1, 2)), 3);
    assert.deepEqual(told, []);
  });

  it('may be found lost by somebody else: its models are given up, and only its', async (t) => {
    const { told, run, runOnCpu, runner } = await start(t);
    runner.devices.lose(1, 'another one');
    assert.equal(firstSum(await run(1, 2)), 3);
    runner.devices.lose(0, 'nvidia-smi lists none');
    await assert.rejects(run(1, 2), { code: 'WORKER_LOST', message: /nvidia-smi lists none/ });
    assert.equal(firstSum(await runOnCpu(1, 2)), 3);
    runner.devices.lose(0, 'nvidia-smi lists none');
    assert.deepEqual(events(told), ['gone']);
  });
});
