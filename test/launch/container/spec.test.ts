import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toDockerRun, quote } from '../../../src/launch/container/docker-run.js';
import { known, type Facts } from '../../../src/launch/facts/facts.js';
import { parseGpus } from '../../../src/launch/request/flags/gpus.js';
import { parseMount } from '../../../src/launch/request/flags/mounts.js';
import { decide } from '../../../src/launch/decide/plan.js';
import { toContainerSpec } from '../../../src/launch/container/spec.js';
import type { ContainerSpec } from '../../../src/launch/container/spec-types.js';
import type { LaunchRequest } from '../../../src/launch/request/request.js';
import { facts, request, type engines, type hosts } from '../situations.js';

const base = { cwd: '/work', homeFolder: '/home/me', platform: 'linux' } as const;

interface Place {
  readonly host?: keyof typeof hosts;
  readonly on?: keyof typeof engines;
  readonly paths?: Facts['paths'];
}

function specOf(asked: LaunchRequest, { host = 'bare', on = 'plain', paths = {} }: Place = {}): ContainerSpec {
  const given = facts(host, on, { paths });
  const decision = decide(asked, given);
  assert.ok(decision.kind === 'chosen' && decision.plan.kind === 'container');
  return toContainerSpec(asked, decision.plan, given);
}
const cpu = (change = {}, container = {}): ContainerSpec => specOf(request({ variant: 'cpu', ...change }, container));

describe('container options', () => {
  it('are safe and limited where nothing was asked for', () => {
    const { HostConfig, Labels } = cpu().body;
    assert.equal(HostConfig.Init, true);
    assert.deepEqual(HostConfig.CapDrop, ['ALL']);
    assert.deepEqual(HostConfig.SecurityOpt, ['no-new-privileges']);
    assert.deepEqual(HostConfig.LogConfig, { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } });
    assert.deepEqual(HostConfig.PortBindings, { '8000/tcp': [{ HostIp: '127.0.0.1', HostPort: '8000' }] });
    assert.equal(Labels['slipway.managed'], 'true');
  });

  it('remove the container in the foreground, and restart it unless stopped when detached', () => {
    const lifetime = ({ body }: ContainerSpec) => [body.HostConfig.AutoRemove, body.HostConfig.RestartPolicy.Name];
    assert.deepEqual(lifetime(cpu()), [true, 'no']);
    assert.deepEqual(lifetime(cpu({ mode: 'detached' })), [false, 'unless-stopped']);
    assert.deepEqual(lifetime(cpu({ mode: 'detached' }, { remove: true })), [true, 'no']);
    assert.deepEqual(lifetime(cpu({}, { restart: { name: 'on-failure', maximumRetries: 3 } })), [false, 'on-failure']);
  });

  it('name the time until a kill where it is none by default: in Podman, which then lets no request finish', () => {
    const podman = specOf(request({ variant: 'cpu' }), { on: 'podman' });
    assert.equal(podman.body.StopTimeout, 10);
    assert.match(toDockerRun(podman, { isDetached: true }), / --stop-timeout 10 /);
    assert.ok(!('StopTimeout' in cpu().body));
    assert.doesNotMatch(toDockerRun(cpu(), { isDetached: true }), /stop-timeout/);
  });

  it('have one fingerprint for one thing, whatever its name and lifetime', () => {
    const hash = cpu().configHash;
    assert.equal(cpu({ mode: 'detached' }).configHash, hash);
    assert.equal(cpu({}, { name: 'other' }).configHash, hash);
    assert.notEqual(cpu({}, { env: { A: 'b' } }).configHash, hash);
    assert.notEqual(cpu({ serverArgs: ['--workers', '2'] }).configHash, hash);
    assert.equal(cpu().name, `slipway-cpu-${hash.slice(0, 6)}`);
  });

  it('have another fingerprint once the text of a security profile is another, and name its file', () => {
    const option = 'seccomp=a.json';
    const withText = (text: string): ContainerSpec => {
      const asked = request({ variant: 'cpu' }, { securityOptions: [option] });
      const given = facts('bare', 'plain', { profiles: { [option]: `seccomp=${text}` } });
      const decision = decide(asked, given);
      assert.ok(decision.kind === 'chosen' && decision.plan.kind === 'container');
      return toContainerSpec(asked, decision.plan, given);
    };
    const [strict, open] = [withText('{"defaultAction":"SCMP_ACT_ERRNO"}'), withText('{}')];
    assert.notEqual(strict.configHash, open.configHash);
    assert.notEqual(strict.name, open.name);
    assert.equal(withText('{}').configHash, open.configHash);
    assert.deepEqual(strict.body.HostConfig.SecurityOpt, ['no-new-privileges', option]);
  });

  it('ask for a GPU in the words of each way', () => {
    const gpu = (on: keyof typeof engines, gpus = 'all') =>
      specOf(request({ gpus: parseGpus(gpus) }), { host: 'l4', on }).body;
    assert.deepEqual(gpu('cdiListed').HostConfig.DeviceRequests, [
      { Driver: 'cdi', DeviceIDs: ['nvidia.com/gpu=all'] },
    ]);
    assert.deepEqual(gpu('cdiListed', '2').HostConfig.DeviceRequests[0]?.DeviceIDs, [
      'nvidia.com/gpu=0',
      'nvidia.com/gpu=1',
    ]);
    const runtime = gpu('runtime', 'device=1');
    assert.equal(runtime.HostConfig.Runtime, 'nvidia');
    assert.ok(runtime.Env.includes('NVIDIA_VISIBLE_DEVICES=1'));
    assert.ok(runtime.Env.includes('NVIDIA_DRIVER_CAPABILITIES=compute,utility'));
    assert.ok(runtime.Env.includes('SLIPWAY_REQUIRE_GPU=true'));
    assert.deepEqual(gpu('plain').HostConfig.DeviceRequests, [
      { Driver: 'nvidia', Count: -1, Capabilities: [['gpu']] },
    ]);
    assert.deepEqual(gpu('plain', '1,capabilities=video').HostConfig.DeviceRequests[0]?.Capabilities, [
      ['gpu', 'compute', 'utility', 'video'],
    ]);
    // A default runtime of nvidia also gives what this names, and CUDA images set it to all.
    assert.ok(gpu('cdiListed').Env.includes('NVIDIA_VISIBLE_DEVICES=void'));
    assert.ok(gpu('plain', 'device=1').Env.includes('NVIDIA_VISIBLE_DEVICES=1'));
    assert.ok(gpu('plain', '2').Env.includes('NVIDIA_VISIBLE_DEVICES=0,1'));
    assert.deepEqual(gpu('podman').HostConfig.SecurityOpt, ['no-new-privileges', 'label=disable']);
  });

  it('require no GPU where auto chose one by itself', () => {
    assert.ok(!specOf(request(), { host: 'l4', on: 'runtime' }).body.Env.includes('SLIPWAY_REQUIRE_GPU=true'));
  });

  it('keep a server on the host network to this machine', () => {
    const { body } = cpu({}, { network: 'host' });
    assert.deepEqual(body.HostConfig.PortBindings, {});
    assert.ok(body.Env.includes('SLIPWAY_HOST=127.0.0.1'));
  });

  it('tell the container the public names of its host, by which others call it, and no address or lone label', () => {
    const asked = request({ variant: 'cpu' });
    const given = facts('bare', 'plain');
    const { engine } = given;
    assert.ok(engine.state === 'known');
    const allowedFor = (remoteHost: string | undefined, hostname: string): readonly string[] => {
      const value = {
        ...engine.value,
        ...(remoteHost === undefined ? {} : { remoteHost }),
        info: { ...engine.value.info, hostname },
      };
      const decision = decide(asked, given);
      assert.ok(decision.kind === 'chosen' && decision.plan.kind === 'container');
      const { body } = toContainerSpec(asked, decision.plan, { ...given, engine: { ...engine, value } });
      return body.Env.filter((each) => each.startsWith('SLIPWAY_ALLOW_HOST'));
    };
    assert.deepEqual(allowedFor(undefined, 'box'), []);
    assert.deepEqual(allowedFor('10.0.0.5', 'box'), []);
    assert.deepEqual(allowedFor('gpu.example.com', 'gpu.example.com'), ['SLIPWAY_ALLOW_HOST=gpu.example.com']);
    assert.deepEqual(allowedFor('gpu.example.com', 'n1.lab.example.com'), [
      'SLIPWAY_ALLOW_HOST=gpu.example.com,n1.lab.example.com',
    ]);
  });

  it('give the container the group of a device file, so that its user may open it', () => {
    const asked = request(
      { variant: 'cpu' },
      { devices: [{ kind: 'path', host: '/dev/video0', container: '/dev/video0', permissions: 'rwm' }] },
    );
    const { HostConfig } = specOf(asked, { paths: { '/dev/video0': known({ kind: 'device', gid: 44 }, '') } }).body;
    assert.deepEqual(HostConfig.GroupAdd, ['44']);
    assert.equal(HostConfig.Devices[0]?.PathInContainer, '/dev/video0');
  });

  it('write SELinux labels as Binds and everything else as Mounts', () => {
    const mounts = ['.:/srv:Z,ro', './data:/data:ro'].map((text) => parseMount(text, base));
    const { HostConfig } = cpu({}, { mounts }).body;
    assert.deepEqual(HostConfig.Binds, ['/work:/srv:ro,Z']);
    assert.deepEqual(HostConfig.Mounts, [{ Type: 'bind', Source: '/work/data', Target: '/data', ReadOnly: true }]);
  });

  it('open a shell instead of the server', () => {
    const { body } = cpu({ mode: 'shell' });
    assert.equal(body.Tty, true);
    assert.match(body.Entrypoint?.join(' ') ?? '', /bash/);
    assert.deepEqual(body.Healthcheck, { Test: ['NONE'] });
    assert.deepEqual(cpu({ mode: 'shell', serverArgs: ['ls', '/'] }).body.Entrypoint, ['ls', '/']);
  });
});

describe('docker run line', () => {
  it('says the same as the options', () => {
    const line = toDockerRun(
      cpu({ mode: 'detached' }, { name: 'mine', mounts: [parseMount('.:/srv:ro', base)], env: { A: "it's" } }),
      { isDetached: true },
    );
    const hash = /slipway\.config=(\w+)/.exec(line)?.[1] ?? '';
    assert.equal(
      line,
      `docker run --detach --name mine --init --restart unless-stopped --log-driver json-file --log-opt max-size=10m --log-opt max-file=3 --security-opt no-new-privileges --cap-drop ALL --mount type=bind,source=/work,target=/srv,readonly --publish 127.0.0.1:8000:8000/tcp --env SLIPWAY_EXECUTION_PROVIDER=cpu --env 'A=it'\\''s' --label slipway.managed=true --label slipway.variant=cpu --label slipway.config=${hash} --label slipway.gpu-path= --label slipway.port=8000 slipway:cpu`,
    );
  });

  it('writes a folder with a colon as --mount, for -v would be split there', () => {
    for (const [source, flag] of [
      ['/data/a:b', '--mount type=bind,source=/data/a:b,target=/srv'],
      ['C:\\a', "--volume 'C:\\a:/srv'"],
      ['/data/ab', '--volume /data/ab:/srv'],
    ] as const) {
      const mount = { type: 'bind', source, target: '/srv', readOnly: false, createSource: true } as const;
      const line = toDockerRun(cpu({}, { mounts: [mount] }), { isDetached: false });
      assert.ok(line.includes(` ${flag} `), line);
    }
  });

  it('names GPUs as docker does', () => {
    const line = (on: keyof typeof engines, gpus: string) =>
      toDockerRun(specOf(request({ gpus: parseGpus(gpus) }), { host: 'l4', on }), { isDetached: false });
    assert.match(line('plain', 'device=0,1'), /--gpus '"device=0,1",driver=nvidia'/);
    assert.match(line('runtime', 'all'), /--runtime nvidia .*--env NVIDIA_VISIBLE_DEVICES=all/);
    assert.match(line('cdiListed', 'all'), /--device nvidia\.com\/gpu=all/);
  });

  it('quotes for a POSIX shell', () => {
    assert.equal(quote('plain-1.0/x'), 'plain-1.0/x');
    assert.equal(quote("it's $HOME"), `'it'\\''s $HOME'`);
    assert.equal(quote(''), `''`);
  });
});
