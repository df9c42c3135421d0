import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePort } from '../../../src/launch/request/flags/ports.js';
import { checkPaths } from '../../../src/launch/decide/path-checks.js';
import type { ContainerRequest, LaunchRequest } from '../../../src/launch/request/request.js';
import { engine, facts, request } from '../situations.js';

const notes = (container: Partial<ContainerRequest>, change: Partial<LaunchRequest> = {}) =>
  checkPaths(request(change, container), facts('bare', 'plain'));

describe('a server that asks nobody for a key', () => {
  it('is said where other machines reach it', () => {
    for (const [port, where] of [
      ['0.0.0.0:8000:8000', /at 0\.0\.0\.0, and/],
      ['10.0.0.5:9000:8000', /at 10\.0\.0\.5, and/],
      ['[::]:8000:8000', /at ::, and/],
    ] as const) {
      const [note, ...others] = notes({ ports: parsePort(port) });
      assert.match(note ?? '', where);
      assert.match(note ?? '', /SLIPWAY_API_KEYS=/);
      assert.deepEqual(others, []);
    }
    assert.equal(notes({ network: 'host', env: { SLIPWAY_HOST: '0.0.0.0' } }).length, 1);
    assert.equal(notes({ network: 'host' }, { serverArgs: ['--host', '0.0.0.0'] }).length, 1);
    assert.equal(
      notes({ network: 'host', env: { SLIPWAY_HOST: '0.0.0.0' } }, { serverArgs: ['--host=::1'] }).length,
      0,
    );
  });

  it('is not said on this machine alone, nor where keys are asked for', () => {
    const open = parsePort('0.0.0.0:8000:8000');
    for (const container of [
      {},
      { ports: parsePort('8000:8000') },
      { ports: parsePort('[::1]:8000:8000') },
      { network: 'host' },
      { network: 'none' },
      { ports: open, env: { SLIPWAY_API_KEYS: 'secret' } },
      { ports: open, env: { SLIPWAY_API_KEYS_FILE: '/run/keys' } },
    ])
      assert.deepEqual(notes(container), [], JSON.stringify(container));
    assert.deepEqual(notes({ ports: open }, { serverArgs: ['--api-keys-file', '/run/keys'] }), []);
  });
});

describe('a limit of processes', () => {
  it('that is too small for the threads of a server is warned of', () => {
    for (const pidsLimit of [1, 5, 31]) {
      const [note, ...others] = notes({ pidsLimit });
      assert.match(note ?? '', new RegExp(`^--pids-limit ${pidsLimit} counts threads too`));
      assert.deepEqual(others, []);
    }
    for (const pidsLimit of [-1, 0, 32, 4096]) assert.deepEqual(notes({ pidsLimit }), []);
  });
});

describe('limits that rootless Podman leaves out on cgroups v1', () => {
  const limits = { memoryBytes: 2 ** 30, nanoCpus: 1e9, pidsLimit: 200 };
  const on = (change: Parameters<typeof engine>[0], container: Partial<ContainerRequest> = limits) =>
    checkPaths(request({ variant: 'cpu' }, container), { ...facts('bare', 'plain'), engine: engine(change) });

  it('are named', () => {
    const podman = { kind: 'podman', rootless: true, cgroupVersion: '1' } as const;
    assert.deepEqual(on(podman), [
      'rootless Podman on cgroups v1 sets no limits, and leaves out --memory, --cpus, --pids-limit',
    ]);
    assert.deepEqual(on(podman, { nanoCpus: 5e8 }), [
      'rootless Podman on cgroups v1 sets no limits, and leaves out --cpus',
    ]);
    assert.deepEqual(on(podman, {}), []);
    assert.deepEqual(on({ ...podman, cgroupVersion: '2' }), []);
    assert.deepEqual(on({ ...podman, rootless: false }), []);
    assert.deepEqual(on({ ...podman, kind: 'docker' }), []);
  });
});

describe('ports that a network does not publish', () => {
  it('are said to be without effect', () => {
    const ports = parsePort('9000:8000');
    assert.deepEqual(notes({ ports, network: 'host' }), [
      '-p publishes nothing with --network host; the port of the host that the server takes is set by -- --port',
    ]);
    assert.deepEqual(notes({ ports, network: 'none' }), ['-p publishes nothing with --network none']);
    assert.deepEqual(notes({ ports, network: 'bridge' }), []);
    assert.deepEqual(notes({ network: 'host' }), []);
  });
});

describe('a mount without a label under SELinux', () => {
  const bind = (change: object = {}) =>
    ({ type: 'bind', source: '/m', target: '/srv', readOnly: false, createSource: true, ...change }) as const;
  const under = (
    securityOptions: readonly string[],
    container: Partial<ContainerRequest>,
    change: Partial<LaunchRequest> = {},
  ) =>
    checkPaths(request(change, { env: { SLIPWAY_MODEL_CONTROL: 'explicit' }, ...container }), {
      ...facts('bare', 'plain'),
      engine: engine({ securityOptions }),
    });

  it('is named with the label to give it', () => {
    for (const option of ['name=selinux', 'selinux']) {
      const [note = '', ...others] = under(['name=seccomp,profile=builtin', option], { mounts: [bind()] });
      assert.match(note, /SELinux, which may keep the server from \/m: label it for containers, -v \/m:\/srv:z$/);
      assert.deepEqual(others, []);
    }
  });

  it('is not where it has one, where labels are off, where nothing is confined, and without a container', () => {
    const mounts = [bind()];
    for (const label of ['z', 'Z'])
      assert.deepEqual(under(['name=selinux'], { mounts: [bind({ relabel: label })] }), []);
    assert.deepEqual(under(['name=selinux'], { mounts, securityOptions: ['label=disable'] }), []);
    assert.deepEqual(under(['name=apparmor', 'name=seccomp,profile=builtin'], { mounts }), []);
    assert.deepEqual(under(['name=selinux'], { mounts }, { variant: 'native' }), []);
  });
});
