import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ProviderProof } from '../../../src/engine/providers.js';
import { type GpuReport, createGpuReader } from '../../../src/resources/gpu-readings.js';
import { keepGpu } from '../../../src/server/backend/gpu-keeper.js';
import { GpuWatch } from '../../../src/server/backend/gpu-watch.js';
import { judgeHealth } from '../../../src/server/describe/health.js';
import { createLog } from '../../../src/server/log/log.js';
import { startRunner } from '../../../src/workers/pool.js';
import type { DeviceLoss } from '../../../src/workers/runner-options.js';
import { addsConstant, constantOf, useWorkplace } from '../../repository/workplace.js';
import { temporaryFolder } from '../../support/folder.js';
import { putModel } from '../../support/models.js';
import { launchFailure, openGpu } from '../../workers/devices/gpu.js';

const place = useWorkplace();
const loss: DeviceLoss = { worker: 'gpu-0', provider: 'cuda', deviceId: 0, reason: 'CUDA failure 719.' };

function listenToLog() {
  const lines: string[] = [];
  const write = (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg);
  return { log: createLog({ level: 'debug', format: 'json', access: false }, { isTerminal: false, write }), lines };
}

/** Keeps a lost GPU whose probes answer these one after another; the GPU is back in this process before the probe of that number. */
async function keep(proofs: readonly ProviderProof[], backAt = Infinity) {
  const { log, lines } = listenToLog();
  const renewed: string[] = [];
  let [probes, waits] = [0, 0];
  await keepGpu(loss, {
    probe: () => Promise.resolve(proofs[(probes += 1) - 1] as ProviderProof),
    isGone: () => probes < backAt,
    renew: (what) => void renewed.push(what),
    wait: () => {
      waits += 1;
      return Promise.resolve();
    },
    log,
  });
  return { renewed, lines, probes, waits };
}

const refused = (reason: string): ProviderProof => ({ works: false, reason });

describe('a GPU that this process lost', () => {
  it('has the process renewed at once where it works in another one', async () => {
    const { renewed, waits } = await keep([{ works: true }]);
    assert.deepEqual(renewed, [
      'cuda on device 0 works in another process, but no longer in this one: CUDA failure 719.',
    ]);
    assert.equal(waits, 0);
  });

  it('is asked again while it answers nobody, each reason said once, and has the process renewed when it is back', async () => {
    const proofs = [refused('no GPU'), refused('no GPU'), refused('no driver'), { works: true } as const];
    const { renewed, lines, probes, waits } = await keep(proofs);
    assert.deepEqual([renewed.length, lines.length, probes, waits], [1, 2, 4, 3]);
  });

  it('is not taken to be back where only software computes in its stead', async () => {
    const { renewed, waits } = await keep([{ works: true, isSoftware: true }, refused('none')], 2);
    assert.deepEqual([renewed, waits], [[], 1]);
  });

  it('is left alone once its models serve again', async () => {
    const { renewed, probes } = await keep([refused('no GPU'), { works: true }], 2);
    assert.deepEqual([renewed, probes], [[], 2]);
  });
});

/** A watch that reads these reports, on devices that models are on, whose probes answer this. */
function watching(reports: readonly GpuReport[], proof: ProviderProof) {
  const { log, lines } = listenToLog();
  const left = [...reports];
  const [tried, lost]: [number[], [number, string][]] = [[], []];
  const watch = new GpuWatch({
    read: () => Promise.resolve(left.shift() as GpuReport),
    probe: (deviceId) => {
      tried.push(deviceId);
      return Promise.resolve(proof);
    },
    log,
  });
  const devices = {
    cuda: [0, 1],
    gone: [],
    lose: (deviceId: number, reason: string) => void lost.push([deviceId, reason]),
  };
  const look = async (): Promise<void> => {
    while (left.length > 0) await watch.look(devices);
  };
  return { look, lines, tried, lost };
}

const listed = (count: number): GpuReport => ({
  kind: 'ok',
  gpus: Array.from({ length: count }, (_, index) => ({ index, name: 'L4', uuid: `GPU-${index}` })),
});
const failed: GpuReport = { kind: 'failed', reason: 'nvidia-smi failed (15): Unable to determine the device handle' };

describe('the watch over GPUs', () => {
  it('gives up the models of devices that do not work in another process, once nvidia-smi fails or lists fewer', async () => {
    for (const report of [failed, listed(1), listed(0)]) {
      const { look, tried, lost, lines } = watching([listed(2), report], refused('CUDA finds no GPU (failure 100)'));
      await look();
      assert.deepEqual(tried, [0, 1]);
      assert.deepEqual(
        lost.map(([deviceId]) => deviceId),
        [0, 1],
      );
      assert.match(lost[0]?.[1] ?? '', /^The GPU 0 is gone: CUDA finds no GPU \(failure 100\)\. nvidia-smi: /);
      assert.equal(lines.length, 1);
    }
  });

  it('gives nothing up where the devices work, however nvidia-smi fails, and says so once', async () => {
    const { look, tried, lost, lines } = watching([listed(2), failed, failed, listed(2)], { works: true });
    await look();
    assert.deepEqual([tried.length, lost, lines.length], [4, [], 2]);
  });

  it('tries nothing where nvidia-smi has never worked, and asks nothing where no model is on a GPU', async () => {
    const never = watching([failed, failed], refused('no'));
    await never.look();
    assert.deepEqual(never.tried, []);
    const asked = (): Promise<never> => Promise.reject(new Error('asked'));
    const { log } = listenToLog();
    const none = { cuda: [], gone: [], lose: () => undefined };
    await new GpuWatch({ read: asked, probe: asked, log }).look(none);
  });

  it('hears what nvidia-smi says of a GPU that fell off its bus', async () => {
    const text =
      'Unable to determine the device handle for GPU0000:01:00.0: GPU is lost.  Reboot the system to recover this GPU';
    const command = join(temporaryFolder('smi-'), 'nvidia-smi');
    writeFileSync(command, `#!/bin/sh\necho '${text}'\nexit 15\n`, { mode: 0o755 });
    const report = await createGpuReader({ commands: [command] }).read();
    assert.deepEqual(report, { kind: 'failed', reason: `nvidia-smi failed (15): ${text}` });
  });
});

describe('a server whose GPU is lost', () => {
  it('is not ready with the reason until its process is renewed, or its models load again from their source', async (t) => {
    const gpu = openGpu();
    let tellGone: (told: DeviceLoss) => void = () => undefined;
    const gone = new Promise<DeviceLoss>((resolve) => (tellGone = resolve));
    const runner = await startRunner({
      workers: 1,
      env: process.env,
      entry: gpu.entry,
      events: { onDeviceGone: (told) => tellGone(told) },
    });
    t.after(() => runner.close());
    const root = await place.folder();
    for (const [name, k] of [
      ['on-gpu', 3],
      ['on-cpu', 5],
    ] as const)
      await putModel(root, {
        name,
        graph: addsConstant(k),
        config: { execution: { providers: [name === 'on-gpu' ? 'cuda' : 'cpu'] } },
      });
    let tellReload = (): void => undefined;
    const reloaded = new Promise<void>((resolve) => (tellReload = resolve));
    const repository = await place.open(root, {
      runner,
      repairEveryMs: 1,
      chooseProvider: ({ providers }) => Promise.resolve({ provider: providers[0] ?? 'cpu', reason: 'as asked' }),
      onEvent: (event) => {
        if (event.kind === 'reload' || event.kind === 'repair') tellReload();
      },
    });
    const health = () => judgeHealth({ models: repository.readiness(), readyWhen: 'all', isStartOver: true });
    assert.equal(await constantOf(repository.get('on-gpu')), 3);
    assert.equal(health().ready, true);

    gpu.set({ run: launchFailure, load: launchFailure });
    await assert.rejects(constantOf(repository.get('on-gpu')), { code: 'DEVICE_UNAVAILABLE' });
    const told = await gone;
    const { ready, reasons } = health();
    assert.equal(ready, false);
    assert.match(
      reasons[0]?.message ?? '',
      /^Model 'on-gpu' version 1 is loaded in no worker: .*CUDA failure 719: unspecified launch failure/,
    );
    assert.equal(await constantOf(repository.get('on-cpu')), 5);
    const renewed: string[] = [];
    await keepGpu(told, {
      probe: () => Promise.resolve({ works: true }),
      isGone: ({ worker }) => runner.devices.gone.includes(worker),
      renew: (what) => void renewed.push(what),
      wait: () => Promise.resolve(),
      log: listenToLog().log,
    });
    assert.equal(renewed.length, 1);

    gpu.set({});
    await reloaded;
    assert.equal(await constantOf(repository.get('on-gpu')), 3);
    assert.deepEqual([health().ready, runner.devices.gone], [true, []]);
  });
});
