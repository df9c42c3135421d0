import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { probeCdiDevices } from '../../../src/launch/facts/cdi.js';
import { probeDeviceNodes, probePciGpus, probeSystem } from '../../../src/launch/facts/hardware.js';
import { hostOutOfReach, probeHost } from '../../../src/launch/facts/host-facts.js';
import { thisMachine } from '../../../src/launch/facts/machine.js';
import { scriptedWorld } from './scripted-world.js';
import { temporaryFolder } from '../../support/folder.js';

const pci = (address: string, vendor: string, deviceClass: string) => ({
  [`/sys/bus/pci/devices/${address}/vendor`]: `${vendor}\n`,
  [`/sys/bus/pci/devices/${address}/class`]: `${deviceClass}\n`,
  [`/sys/bus/pci/devices/${address}/device`]: '0x2684\n',
});

describe('PCI probe', () => {
  it("finds display controllers with their drivers, and leaves a card's audio out", async () => {
    const world = await scriptedWorld({
      ...pci('0000:01:00.0', '0x10de', '0x030000'),
      '/sys/bus/pci/devices/0000:01:00.0/driver': '->../../../bus/pci/drivers/nouveau',
      ...pci('0000:01:00.1', '0x10de', '0x040300'),
      ...pci('0000:02:00.0', '0x1002', '0x120000'),
      ...pci('0000:00:02.0', '0x8086', '0x038000'),
      ...pci('0000:00:1f.0', '0x8086', '0x060100'),
    });
    const fact = await probePciGpus(world);
    assert.ok(fact.state === 'known');
    assert.deepEqual(
      fact.value.map(({ vendor, driver }) => [vendor, driver]),
      [
        ['intel', undefined],
        ['nvidia', 'nouveau'],
        ['amd', undefined],
      ],
    );
    assert.match(fact.evidence, /nvidia 0x2684 at 0000:01:00\.0 \(nouveau\)/);
  });

  it('knows that there is none where the bus lists none', async () => {
    const fact = await probePciGpus(await scriptedWorld({}));
    assert.deepEqual(fact, { state: 'known', value: [], evidence: 'nothing in /sys/bus/pci/devices' });
  });
});

describe('device node probe', () => {
  it('lists GPU device files with their groups', async () => {
    const files = ['/dev/nvidia0', '/dev/nvidiactl', '/dev/kfd', '/dev/dri/renderD128', '/dev/dri/card0', '/dev/null'];
    const fact = await probeDeviceNodes(await scriptedWorld(Object.fromEntries(files.map((file) => [file, '']))));
    assert.ok(fact.state === 'known');
    assert.deepEqual(
      fact.value.map(({ path }) => path),
      ['/dev/kfd', '/dev/nvidia0', '/dev/nvidiactl', '/dev/dri/renderD128'],
    );
    assert.equal(typeof fact.value[0]?.gid, 'number');
  });
});

describe('CDI probe', () => {
  it('merges the specs of all folders, YAML and JSON', async () => {
    const world = await scriptedWorld({
      '/etc/cdi/nvidia.yaml': 'cdiVersion: 0.5.0\nkind: nvidia.com/gpu\ndevices:\n  - name: "0"\n  - name: all\n',
      '/var/run/cdi/amd.json': '{"cdiVersion":"0.5.0","kind":"amd.com/gpu","devices":[{"name":"0"}]}',
      '/etc/cdi/README': 'no spec',
    });
    const fact = await probeCdiDevices(world);
    assert.ok(fact.state === 'known');
    assert.deepEqual(
      fact.value.map(({ name }) => name),
      ['nvidia.com/gpu=0', 'nvidia.com/gpu=all', 'amd.com/gpu=0'],
    );
  });

  it('tells a spec that names files or device numbers which this host has no more', async () => {
    const spec = (edits: string): string => `cdiVersion: 0.5.0\nkind: nvidia.com/gpu\n${edits}`;
    const device = 'devices:\n  - name: "0"\n    containerEdits:\n      deviceNodes:\n';
    const mount = (path: string): string =>
      `containerEdits:\n  mounts:\n    - {hostPath: ${path}, containerPath: /x}\n`;
    const present = { '/usr/lib/libcuda.so.580.1': '', '/dev/nvidia0': '->/dev/zero' };
    const cases: readonly (readonly [string, string | undefined])[] = [
      [spec(`${device}        - path: /dev/nvidia0\n${mount('/usr/lib/libcuda.so.580.1')}`), undefined],
      [spec(`${device}        - {path: /dev/nvidia0, major: 1, minor: 5}\n`), undefined],
      [spec(`${device}        - {path: /dev/nvidia0, major: 195}\n`), '/dev/nvidia0 has the major number 1, not 195'],
      [spec(`${device}        - {path: /dev/x, hostPath: /dev/nvidia0, major: 1}\n`), undefined],
      [spec(`${device}        - path: /dev/nvidia-uvm\n`), '/dev/nvidia-uvm is not there'],
      [
        spec(`${device}        - path: /dev/nvidia0\n${mount('/usr/lib/libcuda.so.535.1')}`),
        '/usr/lib/libcuda.so.535.1 is not there',
      ],
      [
        spec('devices:\n  - {name: "0", containerEdits: null}\ncontainerEdits: {mounts: 5, deviceNodes: null}\n'),
        undefined,
      ],
      [spec(`${device}        - path: /dev/gone\n`).replace('nvidia.com', 'amd.com'), undefined],
    ];
    for (const [text, stale] of cases) {
      const fact = await probeCdiDevices(await scriptedWorld({ ...present, '/etc/cdi/nvidia.yaml': text }));
      assert.ok(fact.state === 'known', text);
      assert.equal(fact.value[0]?.stale, stale, text);
    }
  });

  it('could not ask where a spec is broken', async () => {
    const fact = await probeCdiDevices(await scriptedWorld({ '/etc/cdi/x.yaml': 'devices: []' }));
    assert.ok(fact.state === 'unknown');
    assert.match(fact.reason, /\/etc\/cdi\/x\.yaml is not a CDI spec/);
  });
});

describe('system probe', () => {
  it('tells WSL and Jetson', async () => {
    const wsl = await probeSystem(await scriptedWorld({}, {}, { kernel: '5.15.167.4-microsoft-standard-WSL2' }));
    assert.ok(wsl.state === 'known' && wsl.value.isWsl && !wsl.value.isJetson);
    const jetson = await probeSystem(await scriptedWorld({ '/sys/devices/soc0/family': 'Tegra\n' }));
    assert.ok(jetson.state === 'known' && jetson.value.isJetson && !jetson.value.isWsl);
    const orin = await probeSystem(await scriptedWorld({ '/etc/nv_tegra_release': '# R36' }));
    assert.ok(orin.state === 'known' && orin.value.isJetson);
  });
});

describe('whole probe', () => {
  it('answers every question on an empty machine, none of them unknown', async () => {
    const facts = await probeHost(await scriptedWorld({}));
    for (const fact of Object.values(facts) as readonly { state: string }[]) assert.equal(fact.state, 'known');
  });

  it('knows nothing of an engine elsewhere, and says why', () => {
    const facts = hostOutOfReach('the engine runs on gpubox');
    for (const fact of Object.values(facts) as readonly { state: string; reason?: string }[]) {
      assert.deepEqual(fact, { state: 'unknown', reason: 'the engine runs on gpubox' });
    }
  });
});

describe('programs on this machine', { skip: process.platform === 'win32' && 'needs a POSIX shell' }, () => {
  it('answer with code and output, are missing, or run out of time', async () => {
    const folder = temporaryFolder('bin-');
    const put = async (name: string, script: string) => {
      await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
      await chmod(join(folder, name), 0o755);
    };
    await put('ends', 'echo out; echo err >&2; exit 18');
    await put('hangs', 'exec sleep 60');
    const world = thisMachine({ PATH: `${folder}:/usr/bin:/bin` });
    assert.deepEqual(await world.run('ends', [], 5000), { kind: 'exited', code: 18, stdout: 'out\n', stderr: 'err\n' });
    assert.deepEqual(await world.run('no-such-program', [], 5000), { kind: 'missing' });
    assert.deepEqual(await world.run('hangs', [], 50), { kind: 'timeout', limitMs: 50 });
  });
});
