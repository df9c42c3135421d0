import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Facts } from '../../../src/launch/facts/facts.js';
import { parseGpus } from '../../../src/launch/request/flags/gpus.js';
import { candidates, decide } from '../../../src/launch/decide/plan.js';
import type { Decision } from '../../../src/launch/decide/plan-types.js';
import { readNvidiaSignal } from '../../../src/launch/decide/gpu/nvidia-signal.js';
import { insistsOnGpu, type LaunchRequest } from '../../../src/launch/request/request.js';
import { engines, facts, hosts, inWords, request } from '../situations.js';

const requests = {
  auto: request(),
  cpu: request({ variant: 'cpu' }),
  gpu: request({ variant: 'gpu' }),
  cuda: request({ variant: 'cuda' }),
  native: request({ variant: 'native' }),
  autoWithGpus: request({ gpus: parseGpus('all') }),
  nativeWithGpus: request({ variant: 'native', gpus: parseGpus('all') }),
  byCdi: request({ variant: 'gpu', gpuMode: 'cdi' }),
  byRuntime: request({ variant: 'gpu', gpuMode: 'runtime' }),
  byGpus: request({ variant: 'gpu', gpuMode: 'gpus' }),
  noGpu: request({ gpuMode: 'none' }),
  namedEngine: request({ engineIsNamed: true }),
  cdiDevice: request({}, { devices: [{ kind: 'cdi', name: 'nvidia.com/gpu=1' }] }),
  oneTooMany: request({ gpus: parseGpus('3') }),
  shell: request({ mode: 'shell' }),
  detached: request({ mode: 'detached' }),
  pullNever: request({ pull: 'never' }),
  ownImage: request({ variant: 'gpu', image: 'team/jetson:1' }),
} satisfies Record<string, LaunchRequest>;

type Row = readonly [
  host: keyof typeof hosts,
  engine: keyof typeof engines,
  request: keyof typeof requests,
  expected: string,
];

const readable: readonly Row[] = [
  // a GPU and an engine that can pass it: best way first
  ['l4', 'everything', 'auto', 'gpu by cdi'],
  ['l4', 'cdiListed', 'auto', 'gpu by cdi'],
  ['l4', 'cdiFiles', 'auto', 'gpu by cdi'],
  ['l4', 'runtime', 'auto', 'gpu by runtime'],
  ['l4', 'plain', 'auto', 'gpu by gpus'],
  ['l4', 'old', 'auto', 'gpu by gpus'],
  ['l4', 'podman', 'auto', 'gpu by cdi'],
  ['moduleOnly', 'runtime', 'auto', 'gpu by runtime'],
  ['jetson', 'arm', 'gpu', 'refused DEVICE_UNAVAILABLE'],
  ['jetson', 'arm', 'cuda', 'refused DEVICE_UNAVAILABLE'],
  ['jetson', 'arm', 'ownImage', 'gpu by runtime'],
  ['jetson', 'arm', 'auto', 'cpu'],
  // the way that was asked for, or none
  ['l4', 'everything', 'byRuntime', 'gpu by runtime'],
  ['l4', 'everything', 'byGpus', 'gpu by gpus'],
  ['l4', 'plain', 'byRuntime', 'refused DEVICE_UNAVAILABLE'],
  ['l4', 'plain', 'byCdi', 'refused DEVICE_UNAVAILABLE'],
  ['l4', 'everything', 'noGpu', 'cpu'],
  // GPUs that are named
  ['l4', 'cdiListed', 'cdiDevice', 'gpu by cdi'],
  ['l4', 'runtime', 'cdiDevice', 'refused DEVICE_UNAVAILABLE'],
  ['l4', 'runtime', 'oneTooMany', 'refused USAGE'],
  ['l4', 'cdiListed', 'oneTooMany', 'refused USAGE'],
  // auto falls back where there is no usable GPU
  ['bare', 'everything', 'auto', 'cpu'],
  ['amd', 'plain', 'auto', 'cpu'],
  ['noDriver', 'runtime', 'auto', 'cpu'],
  ['broken', 'runtime', 'auto', 'cpu'],
  ['oldDriver', 'runtime', 'auto', 'cpu'],
  ['oldGpu', 'runtime', 'auto', 'cpu'],
  ['hangs', 'plain', 'auto', 'cpu'],
  // an explicit request does not
  ['bare', 'everything', 'gpu', 'refused DEVICE_UNAVAILABLE'],
  ['bare', 'everything', 'autoWithGpus', 'refused DEVICE_UNAVAILABLE'],
  ['oldDriver', 'runtime', 'cuda', 'refused DEVICE_UNAVAILABLE'],
  ['broken', 'cdiListed', 'gpu', 'refused DEVICE_UNAVAILABLE'],
  ['bare', 'plain', 'nativeWithGpus', 'refused DEVICE_UNAVAILABLE'],
  // an engine elsewhere: its own word, or the start, will tell
  ['elsewhere', 'everything', 'auto', 'gpu by cdi'],
  ['elsewhere', 'runtime', 'auto', 'gpu by runtime'],
  ['elsewhere', 'plain', 'auto', 'cpu'],
  ['elsewhere', 'plain', 'gpu', 'gpu by gpus'],
  // no engine
  ['l4', 'none', 'auto', 'native'],
  ['bare', 'none', 'detached', 'native'],
  ['l4', 'none', 'cpu', 'refused DOCKER_UNREACHABLE'],
  ['l4', 'none', 'gpu', 'refused DOCKER_UNREACHABLE'],
  ['l4', 'none', 'namedEngine', 'refused DOCKER_UNREACHABLE'],
  ['l4', 'none', 'shell', 'refused DOCKER_UNREACHABLE'],
  ['l4', 'everything', 'native', 'native'],
  ['bare', 'windows', 'cpu', 'refused DOCKER_REFUSED'],
  ['bare', 'plain', 'pullNever', 'native'],
];

const every = Object.keys(hosts).flatMap((host) =>
  Object.keys(engines).flatMap((on) => Object.keys(requests).map((asked) => [host, on, asked] as const)),
) as readonly (readonly [keyof typeof hosts, keyof typeof engines, keyof typeof requests])[];

function eachRow(
  check: (row: { request: LaunchRequest; facts: Facts; decision: Decision; name: string }) => void,
): void {
  for (const [host, on, asked] of every) {
    const given = { request: requests[asked], facts: facts(host, on) };
    check({ ...given, decision: decide(given.request, given.facts), name: `${host} x ${on} x ${asked}` });
  }
}

describe('decision, by hand', () => {
  for (const [host, on, asked, expected] of readable) {
    it(`${host} host, ${on} engine, request ${asked}: ${expected}`, () => {
      assert.equal(inWords(decide(requests[asked], facts(host, on))), expected);
    });
  }
});

describe(`decision over all ${every.length} rows`, () => {
  it('has more than 2,000 rows', () => {
    assert.ok(every.length > 2000, String(every.length));
  });

  it('never gives another variant than the one asked for', () => {
    eachRow(({ request, decision, name }) => {
      if (request.variant !== 'auto' && decision.kind === 'chosen')
        assert.equal(decision.plan.variant, request.variant, name);
    });
  });

  it('never answers a request for a GPU without one', () => {
    eachRow(({ request, decision, name }) => {
      if (!insistsOnGpu(request) || decision.kind !== 'chosen') return;
      assert.equal(decision.plan.requiresGpu, true, name);
      assert.ok(decision.plan.kind === 'native' || decision.plan.gpu !== undefined, name);
    });
  });

  it('gives gpu and cuda a way to the GPU, and cpu none', () => {
    eachRow(({ decision, name }) => {
      if (decision.kind !== 'chosen' || decision.plan.kind !== 'container') return;
      assert.equal(decision.plan.gpu !== undefined, decision.plan.variant !== 'cpu', name);
    });
  });

  it('refuses with a cause, a fix and a code', () => {
    eachRow(({ decision, name }) => {
      if (decision.kind !== 'refused') return;
      assert.ok(decision.refusal.cause.length > 10 && decision.refusal.fix.length > 5, name);
      assert.notEqual(decision.refusal.code, 'INTERNAL', name);
    });
  });

  it('always finds something for plain auto', () => {
    eachRow(({ request, decision, name }) => {
      if (request === requests.auto || request === requests.detached) assert.equal(decision.kind, 'chosen', name);
    });
  });

  it('says in one line why auto did not take its first choice, and only then', () => {
    eachRow(({ request, facts, decision, name }) => {
      if (decision.kind !== 'chosen') return;
      const isFirst = candidates(request, facts)[0] === decision.plan.variant;
      assert.equal(decision.fallback === undefined, isFirst, name);
      assert.doesNotMatch(decision.fallback ?? '', /\n/, name);
    });
  });

  it('starts no container without an engine', () => {
    eachRow(({ facts, decision, name }) => {
      if (facts.engine.state === 'unknown' && decision.kind === 'chosen')
        assert.equal(decision.plan.kind, 'native', name);
    });
  });

  it('uses only ways that the engine has', () => {
    eachRow(({ facts, decision, name }) => {
      if (decision.kind !== 'chosen' || decision.plan.kind !== 'container' || facts.engine.state === 'unknown') return;
      const { info } = facts.engine.value;
      const way = decision.plan.gpu?.kind;
      if (way === 'runtime') assert.ok(info.runtimes.includes('nvidia'), name);
      if (way === 'cdi') assert.ok(info.kind === 'podman' || (info.cdiSpecDirs ?? []).length > 0, name);
      if (info.kind === 'podman' && way !== undefined) assert.equal(way, 'cdi', name);
    });
  });

  it('takes no GPU that the host lacks, unless the way was named', () => {
    eachRow(({ request, facts, decision, name }) => {
      if (decision.kind !== 'chosen' || decision.plan.kind !== 'container' || decision.plan.gpu === undefined) return;
      if (request.gpuMode === 'auto') assert.notEqual(readNvidiaSignal(facts.host).kind, 'absent', name);
    });
  });

  it('lets no image through that driver or GPU are too old for', () => {
    eachRow(({ request, facts, decision, name }) => {
      // Of an image that is not there nothing is known but its name.
      if (request.image !== undefined) return;
      const isTooOld = facts.host === hosts.oldDriver || facts.host === hosts.oldGpu;
      if (isTooOld && decision.kind === 'chosen') {
        assert.ok(decision.plan.kind === 'native' || decision.plan.gpu === undefined, name);
      }
    });
  });

  it('names the image that is missing where nothing but that keeps the CPU from computing', () => {
    const asked = request({ pull: 'never', engineIsNamed: true });
    const missing = decide(asked, facts('bare', 'plain'));
    assert.ok(missing.kind === 'refused');
    assert.deepEqual([missing.refusal.code, /slipway:cpu/.test(missing.refusal.cause)], ['IMAGE_MISSING', true]);
    const insisting = decide({ ...asked, gpus: parseGpus('all') }, facts('bare', 'plain'));
    assert.ok(insisting.kind === 'refused');
    assert.equal(insisting.refusal.code, 'DEVICE_UNAVAILABLE');
  });

  it('is pure: the same facts decide the same, and stay as they were', () => {
    eachRow(({ request, facts, decision, name }) => {
      const before = JSON.stringify(facts);
      assert.deepEqual(decide(request, facts), decision, name);
      assert.equal(JSON.stringify(facts), before, name);
    });
  });
});
