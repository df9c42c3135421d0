import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { known, type Facts } from '../../../src/launch/facts/facts.js';
import { parseGpus } from '../../../src/launch/request/flags/gpus.js';
import { parseMount } from '../../../src/launch/request/flags/mounts.js';
import { imageLabels } from '../../../src/launch/labels.js';
import { decide } from '../../../src/launch/decide/plan.js';
import type { LaunchRequest } from '../../../src/launch/request/request.js';
import type { engines } from '../situations.js';
import { engine, facts, hosts, inWords, request } from '../situations.js';

describe('decision, details', () => {
  const gpuImage = { id: 'sha256:1', tags: ['slipway:gpu'] };

  it('reads the requirements from the image that is there', () => {
    const labels = { [imageLabels.cudaVersion]: '13.1', [imageLabels.minDriver]: '590.44.01' };
    const strict = decide(request({ variant: 'gpu', image: 'slipway:gpu' }), {
      ...facts('l4', 'runtime'),
      engine: engine({ runtimes: ['nvidia'] }, [{ ...gpuImage, labels }]),
    });
    assert.ok(strict.kind === 'refused');
    assert.match(
      strict.refusal.cause,
      /driver 580\.95\.05 is older than 590\.44\.01, which the image's CUDA 13\.1 needs/,
    );
  });

  it('refuses a GPU for which the image holds no code, and says how to build it', () => {
    const labels = { [imageLabels.cudaVersion]: '12.8', [imageLabels.architectures]: '90a-real' };
    const decision = decide(request({ variant: 'gpu', image: 'slipway:gpu' }), {
      ...facts('l4', 'runtime'),
      engine: engine({ runtimes: ['nvidia'] }, [{ ...gpuImage, labels }]),
    });
    assert.ok(decision.kind === 'refused');
    assert.match(decision.refusal.cause, /no code for GPU 0 \(NVIDIA L4, 8\.9\)/);
    assert.match(decision.refusal.fix, /CUDA_ARCHS=89-real/);
  });

  it('takes the image from source where only that one is there', () => {
    const images = [{ id: 'sha256:2', tags: ['slipway:cuda'], labels: {} }];
    const decision = decide(request(), { ...facts('l4', 'runtime'), engine: engine({ runtimes: ['nvidia'] }, images) });
    assert.equal(inWords(decision), 'cuda by runtime');
  });

  it('falls back after a failed start, with its cause', () => {
    const failed = new Map([['gpu', { code: 'DEVICE_UNAVAILABLE', cause: 'no toolkit', fix: 'install it' }]] as const);
    const decision = decide(request(), facts('l4', 'plain'), failed);
    assert.ok(decision.kind === 'chosen');
    assert.equal(decision.plan.variant, 'cpu');
    assert.equal(decision.fallback, 'cpu, because no toolkit');
  });

  it('builds what is not there, pulls what is not ours, and asks for neither when told so', () => {
    const source = (asked: LaunchRequest, given: Facts): string => {
      const decision = decide(asked, given);
      return decision.kind === 'chosen' && decision.plan.kind === 'container'
        ? decision.plan.image.source
        : inWords(decision);
    };
    const withCpu = {
      ...facts('bare', 'plain'),
      engine: engine({}, [{ id: 'sha256:3', tags: ['slipway:cpu', 'other:latest'], labels: {} }]),
    };
    assert.equal(source(request({ variant: 'cpu' }), facts('bare', 'plain')), 'build');
    assert.equal(source(request({ variant: 'cpu' }), { ...facts('bare', 'plain'), buildable: [] }), 'pull');
    assert.equal(source(request({ variant: 'cpu', image: 'team/app:1' }), facts('bare', 'plain')), 'pull');
    assert.equal(source(request({ variant: 'cpu' }), withCpu), 'present');
    assert.equal(source(request({ variant: 'cpu', image: 'other' }), withCpu), 'present');
    assert.equal(source(request({ variant: 'cpu', pull: 'always' }), withCpu), 'build');
    assert.equal(source(request({ variant: 'cpu', pull: 'never' }), facts('bare', 'plain')), 'refused IMAGE_MISSING');
  });

  it('maps a selection to CDI names, by index where the engine does not list the UUID', () => {
    const decision = decide(request({ gpus: parseGpus('device=GPU-1') }), facts('l4', 'cdiListed'));
    assert.ok(decision.kind === 'chosen' && decision.plan.kind === 'container');
    assert.deepEqual(decision.plan.gpu, { kind: 'cdi', devices: ['nvidia.com/gpu=1'], needsLabelDisable: false });
  });

  it('says what natively has no effect', () => {
    const decision = decide(request({ variant: 'native' }, { memoryBytes: 1 }), facts('bare', 'none'));
    assert.ok(decision.kind === 'chosen');
    assert.deepEqual(decision.notes, ['without a container these have no effect: --memory']);
  });
});

describe('a CDI spec that was written for another driver', () => {
  const stale = '/usr/lib/libcuda.so.535.1 is not there';
  const device = (file: string, isStale: boolean) => ({
    name: 'nvidia.com/gpu=all',
    file,
    ...(isStale ? { stale } : {}),
  });
  const on = (engineName: keyof typeof engines, ...devices: readonly ReturnType<typeof device>[]) =>
    facts('l4', engineName, { host: { ...hosts.l4, cdiDevices: known(devices, 'spec files') } });
  const old = device('/etc/cdi/nvidia.yaml', true);

  it('is passed over for the runtime, and refused with what writes it anew where there is none', () => {
    const decision = decide(request({ variant: 'gpu' }), on('everything', old));
    assert.equal(inWords(decision), 'gpu by runtime');
    for (const [engineName, gpuMode] of [
      ['cdiListed', 'auto'],
      ['cdiFiles', 'auto'],
      ['everything', 'cdi'],
      ['podman', 'auto'],
    ] as const) {
      const refused = decide(request({ variant: 'gpu', gpuMode }), on(engineName, old));
      assert.ok(refused.kind === 'refused', engineName);
      assert.equal(
        refused.refusal.cause,
        `/etc/cdi/nvidia.yaml, which describes nvidia.com/gpu=all, was written for another driver or before a reboot: ${stale}`,
      );
      assert.match(refused.refusal.fix, /^sudo nvidia-ctk cdi generate --output=\/etc\/cdi\/nvidia\.yaml /);
    }
  });

  it('counts only where no later folder describes the device anew', () => {
    const fresh = device('/var/run/cdi/nvidia.yaml', false);
    assert.equal(inWords(decide(request({ variant: 'gpu' }), on('cdiListed', old, fresh))), 'gpu by cdi');
    assert.equal(
      inWords(decide(request({ variant: 'gpu' }), on('cdiListed', fresh, old))),
      'refused DEVICE_UNAVAILABLE',
    );
  });
});

describe('an engine older than 20.10', () => {
  it('is refused with what it would leave out, in every variant that needs it; Podman counts otherwise', () => {
    for (const apiVersion of ['1.24', '1.38', '1.40'])
      for (const variant of ['cpu', 'gpu', 'cuda'] as const) {
        const old = { ...facts('l4', 'plain'), engine: engine({ version: '18.09.1', apiVersion }) };
        const decision = decide(request({ variant }), old);
        assert.ok(decision.kind === 'refused', apiVersion);
        assert.match(
          decision.refusal.cause,
          new RegExp(`^engine 18\\.09\\.1 \\(API ${apiVersion}\\) is older than 20\\.10`),
        );
        assert.match(decision.refusal.fix, /--variant native/);
      }
    for (const change of [
      { apiVersion: '1.41' },
      { apiVersion: '1.52' },
      { apiVersion: '' },
      { kind: 'podman', apiVersion: '1.40' },
    ] as const)
      assert.equal(
        inWords(decide(request({ variant: 'cpu' }), { ...facts('l4', 'plain'), engine: engine(change) })),
        'cpu',
      );
  });
});

describe('what Podman would leave out without a word', () => {
  const podman = (version: string) => ({ ...facts('l4', 'podman'), engine: engine({ kind: 'podman', version }) });

  it('is refused before 5.4: a GPU, and every device by CDI; auto takes the CPU and says why', () => {
    for (const version of ['3.4.4', '4.3.1', '4.9.3', '5.3.2']) {
      const gpu = decide(request({ variant: 'gpu' }), podman(version));
      assert.ok(gpu.kind === 'refused', version);
      assert.equal(
        gpu.refusal.cause,
        `Podman ${version} leaves out unsaid the devices that a container asks for through its API`,
      );
      assert.match(gpu.refusal.fix, /^update Podman to 5\.4 or newer/);
      const other = request({ variant: 'cpu' }, { devices: [{ kind: 'cdi', name: 'intel.com/gpu=0' }] });
      assert.ok(decide(other, podman(version)).kind === 'refused', version);
      const auto = decide(request(), podman(version));
      assert.equal(inWords(auto), 'cpu');
      assert.match((auto.kind === 'chosen' && auto.fallback) || '', /Podman/);
    }
    for (const version of ['5.4.0', '5.4.2', '6.0.0'])
      assert.equal(inWords(decide(request({ variant: 'gpu' }), podman(version))), 'gpu by cdi');
  });

  it('is refused in every version: a GPU by another way than CDI, and a part of a volume', () => {
    for (const gpuMode of ['runtime', 'gpus'] as const) {
      const runtimes = ['crun', 'nvidia'];
      const on = { ...facts('l4', 'podman'), engine: engine({ kind: 'podman', version: '5.8.6', runtimes }) };
      const refused = decide(request({ variant: 'gpu', gpuMode }), on);
      assert.ok(refused.kind === 'refused', gpuMode);
      assert.match(refused.refusal.cause, /^Podman gives GPUs by CDI alone/);
    }
    const part = parseMount('type=volume,source=models,target=/srv,volume-subpath=a', {
      cwd: '/',
      homeFolder: '/home/me',
      platform: 'linux',
    });
    const asked = request({ variant: 'cpu' }, { mounts: [part] });
    const refused = decide(asked, podman('5.8.6'));
    assert.ok(refused.kind === 'refused');
    assert.match(refused.refusal.cause, /^Podman's API mounts the whole volume at \/srv/);
    assert.equal(inWords(decide(asked, facts('l4', 'plain'))), 'cpu');
  });
});
