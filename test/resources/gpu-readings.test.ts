import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createGpuReader, parseGpuCsv } from '../../src/resources/gpu-readings.js';

let folder: string;
let programs = 0;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'slipway-gpu-'))));
after(() => rm(folder, { recursive: true }));

/** A program that stands where nvidia-smi would. */
async function program(script: string): Promise<string> {
  const path = join(folder, `smi-${(programs += 1)}`);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

describe('the answer of nvidia-smi', () => {
  it('becomes ratios and bytes', () => {
    assert.deepEqual(parseGpuCsv('1, NVIDIA L4, GPU-5fd4, 35, 512, 23034, 41, 17.25\n'), [
      {
        index: 1,
        name: 'NVIDIA L4',
        uuid: 'GPU-5fd4',
        utilizationRatio: 0.35,
        memoryUsedBytes: 536_870_912,
        memoryTotalBytes: 24_152_899_584,
        temperatureCelsius: 41,
        powerWatts: 17.25,
      },
    ]);
  });

  it('leaves out what the GPU does not know', () => {
    assert.deepEqual(parseGpuCsv('0, Orin, GPU-1, [N/A], [Not Supported], N/A, 40, [Unknown Error]'), [
      { index: 0, name: 'Orin', uuid: 'GPU-1', temperatureCelsius: 40 },
    ]);
  });

  it('is empty for lines that are no reading', () => {
    assert.deepEqual(parseGpuCsv('No devices were found\n\n'), []);
  });
});

describe('the reader of GPU figures', () => {
  it('asks for the fields without units, and once for calls that come together', async () => {
    const command = await program(`echo "$@" >> ${folder}/asked; echo '0, A, GPU-0, 1, 2, 3, 4, 5'`);
    const reader = createGpuReader({ commands: [command], maxAgeMs: 60_000 });
    const [first, second] = await Promise.all([reader.read(), reader.read()]);
    assert.deepEqual([first.kind, (await reader.read()).kind], ['ok', 'ok']);
    assert.equal(first, second);
    assert.equal(
      await readFile(join(folder, 'asked'), 'utf8'),
      '--query-gpu=index,name,uuid,utilization.gpu,memory.used,memory.total,temperature.gpu,power.draw --format=csv,noheader,nounits\n',
    );
  });

  it('says why there are none', async () => {
    const broken = await program(`echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18`);
    assert.deepEqual(await createGpuReader({ commands: [broken] }).read(), {
      kind: 'failed',
      reason: 'nvidia-smi failed (18): Failed to initialize NVML: Driver/library version mismatch',
    });
    const none = join(folder, 'none');
    assert.deepEqual(await createGpuReader({ commands: [none] }).read(), {
      kind: 'failed',
      reason: `nvidia-smi was not found (${none})`,
    });
  });

  it('tries the next place where the first has no such program', async () => {
    const here = await program(`echo '0, A, GPU-0, 1, 2, 3, 4, 5'`);
    assert.equal((await createGpuReader({ commands: [join(folder, 'none'), here] }).read()).kind, 'ok');
  });

  it('does not wait for what holds the output of a program that was ended', { timeout: 15_000 }, async () => {
    const holding = await program('sleep 20 & wait');
    const report = await createGpuReader({ commands: [holding], timeoutMs: 50 }).read();
    assert.deepEqual(report, { kind: 'failed', reason: 'nvidia-smi gave no answer in 50 ms' });
  });

  it('does not wait for a program that hangs', async () => {
    const hanging = await program('exec sleep 60');
    assert.deepEqual(await createGpuReader({ commands: [hanging], timeoutMs: 50 }).read(), {
      kind: 'failed',
      reason: 'nvidia-smi gave no answer in 50 ms',
    });
  });
});
