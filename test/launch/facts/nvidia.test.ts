import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { probeNvidiaModule, probeNvidiaDriver } from '../../../src/launch/facts/nvidia.js';
import { probeToolkit } from '../../../src/launch/facts/hardware.js';
import { printed, scriptedWorld, type Programs } from './scripted-world.js';

const query =
  'nvidia-smi --query-gpu=index,name,uuid,driver_version,memory.total,compute_cap --format=csv,noheader,nounits';
const oldQuery = query.replace(',compute_cap', '');
const banner = '| NVIDIA-SMI 575.57.08    Driver Version: 575.57.08    CUDA Version: 12.9 |';
const twoL4 = '0, NVIDIA L4, GPU-a, 575.57.08, 23034, 8.9\n1, NVIDIA L4, GPU-b, 575.57.08, 23034, 8.9\n';

async function driverOf(programs: Programs) {
  return probeNvidiaDriver(await scriptedWorld({}, programs));
}

describe('nvidia-smi probe', () => {
  it('lists GPUs, driver and highest CUDA', async () => {
    const fact = await driverOf({
      [query]: printed(twoL4),
      'nvidia-smi': printed(banner),
      'nvidia-smi -L': printed(''),
    });
    assert.ok(fact.state === 'known' && fact.value.kind === 'working');
    assert.equal(fact.value.version, '575.57.08');
    assert.equal(fact.value.maxCuda, '12.9');
    assert.deepEqual(fact.value.gpus[1], {
      index: 1,
      name: 'NVIDIA L4',
      uuid: 'GPU-b',
      memoryMiB: 23034,
      computeCapability: '8.9',
      brand: 'nvidia',
      migDevices: [],
    });
    assert.equal(fact.evidence, 'nvidia-smi: driver 575.57.08, NVIDIA L4, NVIDIA L4');
  });

  it('takes the brands from what nvidia-smi says at length, else from the names', async () => {
    const brandsOf = async (long: string, name = 'NVIDIA L4'): Promise<readonly unknown[]> => {
      const rows = printed(twoL4.replaceAll('NVIDIA L4', name));
      const fact = await driverOf({ [query]: rows, 'nvidia-smi -q': printed(long) });
      assert.ok(fact.state === 'known' && fact.value.kind === 'working');
      return fact.value.gpus.map(({ brand }) => brand);
    };
    const block = (brand: string): string =>
      `GPU 00000000:01:00.0\n    Product Name                          : X\n    Product Brand                         : ${brand}\n    Product Architecture                  : Ada\n`;
    assert.deepEqual(await brandsOf(block('NVIDIA RTX') + block('GeForce')), ['nvidiartx', 'geforce']);
    assert.deepEqual(await brandsOf(block('Quadro RTX') + block('NVIDIA RTX Virtual Workstation')), [
      'quadrortx',
      'vws',
    ]);
    assert.deepEqual(await brandsOf(block('Tesla') + block('Unknown')), ['tesla', 'unknown']);
    for (const [name, brand] of [
      ['NVIDIA GeForce RTX 4090', 'geforce'],
      ['GeForce GTX 1080 Ti', 'geforce'],
      ['NVIDIA TITAN RTX', 'titan'],
      ['Quadro RTX 6000', 'quadrortx'],
      ['Quadro P4000', 'quadro'],
      ['Tesla V100-SXM2-16GB', 'tesla'],
      ['NVIDIA RTX A6000', 'nvidiartx'],
      ['NVIDIA RTX 6000 Ada Generation', 'nvidiartx'],
      ['NVIDIA A100-SXM4-80GB', 'nvidia'],
      ['NVIDIA H100 PCIe', 'nvidia'],
      ['Graphics Device', undefined],
    ] as const)
      assert.deepEqual(await brandsOf('', name), [brand, brand], name);
    assert.deepEqual(await brandsOf(block('GeForce')), ['nvidia', 'nvidia'], 'a list of another length is not used');
  });

  it('finds MIG devices below their GPU', async () => {
    const list = `GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-a)\n  MIG 1g.5gb      Device  0: (UUID: MIG-1)\n  MIG 3g.20gb     Device  1: (UUID: MIG-2)\nGPU 1: NVIDIA A100 (UUID: GPU-b)\n`;
    const fact = await driverOf({ [query]: printed(twoL4), 'nvidia-smi -L': printed(list) });
    assert.ok(fact.state === 'known' && fact.value.kind === 'working');
    assert.deepEqual(fact.value.gpus[0]?.migDevices, [
      { name: '1g.5gb', uuid: 'MIG-1' },
      { name: '3g.20gb', uuid: 'MIG-2' },
    ]);
    assert.deepEqual(fact.value.gpus[1]?.migDevices, []);
  });

  it('asks an old driver again without the compute capability', async () => {
    const refused = printed('Field "compute_cap" is not a valid field to query.', 2);
    const fact = await driverOf({ [query]: refused, [oldQuery]: printed('0, Tesla K80, GPU-a, 390.157, 11441\n') });
    assert.ok(fact.state === 'known' && fact.value.kind === 'working');
    assert.equal(fact.value.gpus[0]?.computeCapability, undefined);
    assert.equal(fact.value.gpus[0]?.memoryMiB, 11441);
  });

  it('leaves out what an integrated GPU does not tell', async () => {
    const fact = await driverOf({ [query]: printed('0, NVIDIA GB10, GPU-a, 580.95.05, [N/A], 12.1\n') });
    assert.ok(fact.state === 'known' && fact.value.kind === 'working');
    assert.equal(fact.value.gpus[0]?.memoryMiB, undefined);
    assert.equal(fact.value.gpus[0]?.computeCapability, '12.1');
  });

  it('keeps the rows that come with the infoROM warning', async () => {
    const fact = await driverOf({ [query]: printed(`${twoL4}WARNING: infoROM is corrupted at gpu 0000:00:1E.0`, 14) });
    assert.ok(fact.state === 'known' && fact.value.kind === 'working');
    assert.equal(fact.value.gpus.length, 2);
  });

  const lostText = 'Unable to determine the device handle for GPU0000:02:00.0: Unknown Error';
  it('tells a GPU that is lost from none, and keeps those beside it', async () => {
    for (const [text, code] of [
      [`${lostText}\nNo devices were found`, 6],
      [lostText, 255],
      [lostText, 0],
      [
        'Unable to determine the device handle for GPU 0000:01:00.0: GPU is lost.  Reboot the system to recover this GPU',
        15,
      ],
    ] as const) {
      const fact = await driverOf({ [query]: printed(text, code) });
      assert.ok(fact.state === 'known' && fact.value.kind === 'broken', text);
      assert.deepEqual([fact.value.exitCode, fact.value.cause], [15, 'the GPU fell off the bus; reboot the machine']);
    }
    for (const code of [0, 15, 255]) {
      const fact = await driverOf({ [query]: printed(`${twoL4}${lostText}`, code) });
      assert.ok(fact.state === 'known' && fact.value.kind === 'working');
      assert.equal(fact.value.gpus.length, 2);
      assert.match(fact.evidence, /NVIDIA L4, NVIDIA L4; the GPU fell off the bus/);
    }
  });

  it('lists more than ten GPUs, with figures that some do not tell', async () => {
    const rows = Array.from(
      { length: 16 },
      (_, at) => `${at}, GRID T4-16Q, GPU-${at}, 550.54.14, [Unknown Error], ERR!`,
    );
    const fact = await driverOf({ [query]: printed(rows.join('\n')) });
    assert.ok(fact.state === 'known' && fact.value.kind === 'working');
    assert.deepEqual(fact.value.gpus.at(-1), {
      index: 15,
      name: 'GRID T4-16Q',
      uuid: 'GPU-15',
      brand: 'grid',
      migDevices: [],
    });
  });

  const broken: readonly (readonly [code: number, text: string, cause: RegExp])[] = [
    [6, 'No devices were found', /no NVIDIA GPU was found/],
    [9, "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.", /module is not loaded/],
    [12, "NVIDIA-SMI couldn't find libnvidia-ml.so library in your system.", /libnvidia-ml\.so is missing/],
    [17, 'Failed to initialize NVML: Unknown Error', /cgroup/],
    [18, 'Failed to initialize NVML: Driver/library version mismatch', /reboot/],
    [255, 'Failed to initialize NVML: Driver/library version mismatch', /different versions/],
    [0, 'something else', /ended with code 0/],
  ];
  for (const [code, text, cause] of broken) {
    it(`calls the driver broken at exit code ${code} with "${text.slice(0, 40)}"`, async () => {
      const fact = await driverOf({ [query]: printed(text, code) });
      assert.ok(fact.state === 'known' && fact.value.kind === 'broken');
      assert.equal(fact.value.exitCode, code);
      assert.match(fact.value.cause, cause);
    });
  }

  it('looks where WSL keeps it', async () => {
    const fact = await driverOf({ [query.replace('nvidia-smi', '/usr/lib/wsl/lib/nvidia-smi')]: printed(twoL4) });
    assert.ok(fact.state === 'known' && fact.value.kind === 'working');
  });

  it('never takes a program that hangs or cannot run for an absent one', async () => {
    const hung = await driverOf({ [query]: { kind: 'timeout', limitMs: 5000 } });
    assert.deepEqual(hung, { state: 'unknown', reason: 'nvidia-smi did not answer within 5 s' });
    const refused = await driverOf({ [query]: { kind: 'failed', reason: 'spawn EACCES' } });
    assert.equal(refused.state, 'unknown');
    const absent = await driverOf({});
    assert.deepEqual(absent, { state: 'known', value: { kind: 'absent' }, evidence: 'no nvidia-smi on PATH' });
  });
});

describe('NVIDIA kernel module probe', () => {
  const version =
    'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  575.57.08  Release Build\nGCC version: gcc 12\n';

  it('reads version and GPUs without any program', async () => {
    const world = await scriptedWorld({
      '/proc/driver/nvidia/version': version,
      '/proc/driver/nvidia/gpus/0000:01:00.0/information':
        'Model: \t\t NVIDIA L4\nGPU UUID: \t GPU-a\nDevice Minor: \t 0\n',
    });
    const fact = await probeNvidiaModule(world);
    assert.ok(fact.state === 'known');
    assert.deepEqual(fact.value, {
      kind: 'loaded',
      version: '575.57.08',
      gpus: [{ model: 'NVIDIA L4', uuid: 'GPU-a' }],
    });
  });

  it('reads the closed module too, and tells absent from unreachable', async () => {
    const closed = 'NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.199.02  Thu May\n';
    const loaded = await probeNvidiaModule(await scriptedWorld({ '/proc/driver/nvidia/version': closed }));
    assert.ok(loaded.state === 'known' && loaded.value.kind === 'loaded');
    assert.equal(loaded.value.version, '470.199.02');
    assert.equal((await probeNvidiaModule(await scriptedWorld({}))).state, 'known');
    assert.equal((await probeNvidiaModule(await scriptedWorld({}, {}, { platform: 'darwin' }))).state, 'unknown');
  });
});

describe('toolkit probe', () => {
  it('names the programs found with their versions', async () => {
    const world = await scriptedWorld(
      {},
      {
        'nvidia-ctk --version': printed('NVIDIA Container Toolkit CLI version 1.18.0\ncommit: x\n'),
        'nvidia-container-runtime-hook --version': { kind: 'failed', reason: 'EACCES' },
      },
    );
    const fact = await probeToolkit(world);
    assert.deepEqual(fact.state === 'known' && fact.value, ['nvidia-ctk 1.18.0', 'nvidia-container-runtime-hook']);
  });
});
