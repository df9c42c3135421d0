import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { probeNvidiaDriver } from '../../../src/launch/facts/nvidia.js';
import { printed, scriptedWorld, type Programs } from './scripted-world.js';

const query =
  'nvidia-smi --query-gpu=index,name,uuid,driver_version,memory.total,compute_cap --format=csv,noheader,nounits';
const twoL4 = '0, NVIDIA L4, GPU-a, 575.57.08, 23034, 8.9\n1, NVIDIA L4, GPU-b, 575.57.08, 23034, 8.9\n';

async function driverOf(programs: Programs) {
  return probeNvidiaDriver(await scriptedWorld({}, programs));
}

describe('what nvidia-smi tells against a GPU', () => {
  /** A part of `nvidia-smi -q`, as it lists a GPU without a hindrance unless told otherwise. */
  const part = ({ compute = 'Default', fabric = 'N/A', recovery = 'None', mig = 'Disabled' } = {}): string =>
    [
      'GPU 00000000:01:00.0',
      '    Product Name                          : NVIDIA H100 80GB HBM3',
      '    MIG Mode',
      `        Current                           : ${mig}`,
      '        Pending                           : Disabled',
      '    GPU Reset Status',
      '        Reset Required                    : Requested functionality has been deprecated',
      `    GPU Recovery Action                   : ${recovery}`,
      '    Conf Compute Protected Memory Usage',
      `    Compute Mode                          : ${compute}`,
      '    Fabric',
      `        State                             : ${fabric}`,
      '        Status                            : Success',
      '',
    ].join('\n');
  const list = 'GPU 0: NVIDIA L4 (UUID: GPU-a)\nGPU 1: NVIDIA L4 (UUID: GPU-b)\n  MIG 1g.5gb Device 0: (UUID: MIG-1)\n';
  const hindered: readonly (readonly [of: string, causes: readonly RegExp[]])[] = [
    [part(), []],
    [part({ fabric: 'Completed' }), []],
    [part({ recovery: 'N/A' }), []],
    [part({ compute: 'Prohibited' }), [/compute mode is Prohibited/]],
    [part({ compute: 'Exclusive_Process' }), [/only one process/]],
    [part({ compute: 'Exclusive_Thread' }), [/only one process/]],
    [part({ fabric: 'In Progress' }), [/NVSwitch fabric/]],
    [part({ fabric: 'Completed', recovery: 'Reset' }), [/asks for it to be reset/]],
    [part({ fabric: 'Completed', recovery: 'Reboot' }), [/asks for it to be reset/]],
    [part({ mig: 'Enabled' }), [/no MIG device/]],
    [
      part({ compute: 'Prohibited', fabric: 'In Progress', recovery: 'Drain and Reset', mig: 'Enabled' }),
      [/MIG/, /Prohibited/, /fabric/, /reset/],
    ],
  ];
  for (const [of, causes] of hindered) {
    it(`finds ${causes.join(' and ') || 'nothing'} against a GPU, and leaves the one beside it alone`, async () => {
      const programs = {
        [query]: printed(twoL4),
        'nvidia-smi -L': printed(list),
        'nvidia-smi -q': printed(of + part()),
      };
      const fact = await driverOf(programs);
      assert.ok(fact.state === 'known' && fact.value.kind === 'working');
      const [first, second] = fact.value.gpus;
      assert.equal(first?.hindrances?.length ?? 0, causes.length);
      for (const [at, cause] of causes.entries()) assert.match(first?.hindrances?.[at]?.cause ?? '', cause);
      assert.equal(second?.hindrances, undefined);
    });
  }

  it('says nothing of MIG devices that are there, or that could not be listed', async () => {
    const sliced = part() + part({ mig: 'Enabled' });
    for (const listed of [list, '']) {
      const programs = { [query]: printed(twoL4), 'nvidia-smi -L': printed(listed), 'nvidia-smi -q': printed(sliced) };
      const fact = await driverOf(programs);
      assert.ok(fact.state === 'known' && fact.value.kind === 'working');
      assert.equal(fact.value.gpus[1]?.hindrances, undefined);
    }
  });
});
