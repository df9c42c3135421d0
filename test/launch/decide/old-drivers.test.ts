import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { editions } from '../../../src/launch/editions.js';
import type { ImageFacts } from '../../../src/launch/facts/facts.js';
import { imageLabels } from '../../../src/launch/labels.js';
import { decide } from '../../../src/launch/decide/plan.js';
import type { Decision } from '../../../src/launch/decide/plan-types.js';
import { parseGpus } from '../../../src/launch/request/flags/gpus.js';
import type { LaunchRequest } from '../../../src/launch/request/request.js';
import { drivenBy, engine, facts, hosts, request } from '../situations.js';

/** Cards by what nvidia-smi says of them. */
const cards = {
  L4: { name: 'NVIDIA L4', brand: 'nvidia', arch: '8.9' },
  T4: { name: 'Tesla T4', brand: 'tesla', arch: '7.5' },
  A6000: { name: 'NVIDIA RTX A6000', brand: 'nvidiartx', arch: '8.6' },
  RTX4090: { name: 'NVIDIA GeForce RTX 4090', brand: 'geforce', arch: '8.9' },
  RTX5090: { name: 'NVIDIA GeForce RTX 5090', brand: 'geforce', arch: '12.0' },
  TITAN: { name: 'TITAN V', brand: 'titan', arch: '7.0' },
  GTX1080: { name: 'NVIDIA GeForce GTX 1080', brand: 'geforce', arch: '6.1' },
  V100: { name: 'Tesla V100-SXM2-16GB', brand: 'tesla', arch: '7.0' },
  B200: { name: 'NVIDIA B200', brand: 'nvidia', arch: '10.0' },
  GTX980: { name: 'NVIDIA GeForce GTX 980', brand: 'geforce', arch: '5.2' },
  K80: { name: 'Tesla K80', brand: 'tesla', arch: '3.7' },
  nameless: { name: 'Graphics Device', brand: undefined, arch: '8.9' },
} as const;
type Card = keyof typeof cards;

const withRuntime = { runtimes: ['io.containerd.runc.v2', 'nvidia', 'runc'] };

interface Given {
  readonly images?: readonly ImageFacts[];
  readonly asked?: LaunchRequest;
}

function on(driver: string, card: Card, { images = [], asked = request() }: Given = {}): Decision {
  const { name, brand, arch } = cards[card];
  const host = { ...hosts.l4, nvidiaDriver: drivenBy(driver, arch, brand === undefined ? { name } : { name, brand }) };
  return decide(asked, { ...facts('l4', 'runtime'), host, engine: engine(withRuntime, images) });
}

function imageOf(decision: Decision): string {
  assert.ok(decision.kind === 'chosen' && decision.plan.kind === 'container');
  return decision.plan.image.ref;
}

const [cuda13, cuda12, cpu] = ['slipway:gpu', 'slipway:gpu-cuda12', 'slipway:cpu'];

const rows: readonly (readonly [driver: string, card: Card, image: string])[] = [
  // from 580 on every brand runs CUDA 13
  ['580.65.06', 'L4', cuda13],
  ['580.65.06', 'RTX4090', cuda13],
  ['595.45.04', 'RTX5090', cuda13],
  // data-centre and professional brands stand on the compatibility libraries, on the branches that NVIDIA names
  ['575.57.08', 'L4', cuda13],
  ['570.86.10', 'T4', cuda13],
  ['565.57.01', 'A6000', cuda13],
  ['550.54.14', 'L4', cuda13],
  ['535.183.01', 'T4', cuda13],
  ['560.28.03', 'L4', cuda12],
  ['545.23.06', 'A6000', cuda12],
  ['530.30.02', 'T4', cuda12],
  ['525.60.13', 'T4', cuda12],
  // GeForce and Titan do not
  ['579.99.99', 'RTX4090', cuda12],
  ['575.57.08', 'RTX4090', cuda12],
  ['570.86.10', 'RTX5090', cuda12],
  ['535.183.01', 'RTX4090', cuda12],
  ['525.60.13', 'RTX4090', cuda12],
  ['575.57.08', 'TITAN', cuda12],
  // a GPU that CUDA 13 left behind, or that only translated code runs on
  ['580.65.06', 'GTX1080', cuda12],
  ['580.65.06', 'V100', cuda12],
  ['580.65.06', 'B200', cuda12],
  // a brand that cannot be told fits: the engine will say
  ['575.57.08', 'nameless', cuda13],
  ['525.60.13', 'nameless', cuda12],
  // too old for both
  ['520.61.05', 'L4', cpu],
  ['470.256.02', 'RTX4090', cpu],
  ['580.65.06', 'GTX980', cpu],
  ['580.65.06', 'K80', cpu],
];

describe('the image by driver and GPU', () => {
  for (const [driver, card, image] of rows)
    it(`driver ${driver}, ${cards[card].name}: ${image}`, () => assert.equal(imageOf(on(driver, card)), image));

  it('is built for CUDA 12 where it is missing, and the line says why not the newer one', () => {
    const decision = on('575.57.08', 'RTX4090');
    assert.ok(decision.kind === 'chosen' && decision.plan.kind === 'container');
    assert.deepEqual(decision.plan.image, { ref: cuda12, source: 'build', buildArgs: { CUDA_MAJOR: '12' } });
    assert.match(
      decision.because,
      /CUDA 12\.8, as driver 575\.57\.08, which runs CUDA 12\.9, with GPU 0 \(NVIDIA GeForce RTX 4090 of brand geforce\) is not what the image asks for: cuda>=13\.0, or one of 60 /,
    );
    assert.equal(decision.fallback, undefined);
  });

  it('names what the oldest image needs where a driver is too old for all', () => {
    const decision = on('470.256.02', 'RTX4090', { asked: request({ variant: 'gpu' }) });
    assert.ok(decision.kind === 'refused');
    assert.match(
      decision.refusal.cause,
      /driver 470\.256\.02, which runs CUDA 11\.4, with GPU 0 .*asks for: cuda>=12\.0$/,
    );
    assert.match(decision.refusal.fix, /^upgrade the NVIDIA driver to 525\.60\.13 or newer/);
  });

  it('has in the line of auto what would compile one, where no prebuilt one has code for the GPU', () => {
    const decision = on('580.65.06', 'GTX980');
    assert.ok(decision.kind === 'chosen');
    assert.match(
      decision.fallback ?? '',
      /^cpu, because the image has no code for .*GTX 980, 5\.2.*; --variant cuda compiles/,
    );
    assert.doesNotMatch((on('580.65.06', 'K80') as { fallback?: string }).fallback ?? '', /--variant cuda/);
    assert.doesNotMatch((on('470.256.02', 'RTX4090') as { fallback?: string }).fallback ?? '', /--variant cuda/);
  });

  it("is judged by the present image's own condition, not by what its recipe would say", () => {
    const image = (condition: string): ImageFacts => ({
      id: 'sha256:1',
      tags: [cuda13],
      labels: { [imageLabels.cudaVersion]: '13.0', [imageLabels.minDriver]: '580.65.06' },
      env: { NVIDIA_REQUIRE_CUDA: condition },
    });
    assert.equal(imageOf(on('575.57.08', 'L4', { images: [image('cuda>=13.0')] })), cuda12);
    assert.equal(imageOf(on('575.57.08', 'RTX4090', { images: [image('cuda>=12.6')] })), cuda13);
    assert.equal(imageOf(on('470.256.02', 'RTX4090', { images: [image('brand=geforce,driver>=470')] })), cuda13);
  });

  it('of your own is refused by its own condition, unless that is turned off', () => {
    const own: ImageFacts = {
      id: 'sha256:2',
      tags: ['team/app:1'],
      labels: {},
      env: { NVIDIA_REQUIRE_CUDA: 'cuda>=13.0' },
    };
    const asked = request({ variant: 'gpu', image: 'team/app:1' });
    const refused = on('575.57.08', 'L4', { images: [own], asked });
    assert.ok(refused.kind === 'refused');
    assert.match(refused.refusal.cause, /is not what the image asks for: cuda>=13\.0$/);
    const off = request({ variant: 'gpu', image: 'team/app:1' }, { env: { NVIDIA_DISABLE_REQUIRE: 'true' } });
    assert.equal(imageOf(on('575.57.08', 'L4', { images: [own], asked: off })), 'team/app:1');
    const unreadable = on('575.57.08', 'L4', { images: [{ ...own, env: { NVIDIA_REQUIRE_CUDA: 'cuda~13' } }], asked });
    assert.ok(unreadable.kind === 'refused');
    assert.match(unreadable.refusal.cause, /cannot read what the image asks of a driver, "cuda~13"/);
  });

  it('is judged for the GPUs that are asked for, not for their neighbours', () => {
    const geforce = drivenBy('575.57.08', '8.9', cards.RTX4090);
    const mixed = drivenBy('575.57.08', '8.9');
    assert.ok(geforce.state === 'known' && geforce.value.kind === 'working' && geforce.value.gpus[1]);
    assert.ok(mixed.state === 'known' && mixed.value.kind === 'working' && mixed.value.gpus[0]);
    const gpus = [mixed.value.gpus[0], geforce.value.gpus[1]];
    const host = { ...hosts.l4, nvidiaDriver: { ...mixed, value: { ...mixed.value, gpus } } };
    const given = { ...facts('l4', 'runtime'), host };
    assert.equal(imageOf(decide(request({ gpus: parseGpus('device=0') }), given)), cuda13);
    assert.equal(imageOf(decide(request({ gpus: parseGpus('device=1') }), given)), cuda12);
    assert.equal(imageOf(decide(request({ gpus: parseGpus('all') }), given)), cuda12);
  });

  it('from source goes before one that would have to be built first', () => {
    const images = ['gpu', 'cuda'].map((name) => ({ id: `sha256:${name}`, tags: [`slipway:${name}`], labels: {} }));
    const labelled = images.map((image, at) => ({
      ...image,
      labels: { [imageLabels.cudaVersion]: at === 0 ? '13.0' : '12.8' },
    }));
    assert.equal(imageOf(on('575.57.08', 'RTX4090', { images: labelled })), 'slipway:cuda');
    const twelve = { id: 'sha256:12', tags: [cuda12], labels: {}, env: { NVIDIA_REQUIRE_CUDA: 'cuda>=12.0' } };
    assert.equal(imageOf(on('575.57.08', 'RTX4090', { images: [...labelled, twelve] })), cuda12);
  });

  it('is never decided twice: every row of both majors takes the newest edition that fits', () => {
    for (const driver of ['525.60.13', '535.183.01', '560.28.03', '575.57.08', '580.65.06'])
      for (const card of Object.keys(cards) as Card[]) {
        const decision = on(driver, card);
        assert.ok(decision.kind === 'chosen' && decision.plan.kind === 'container');
        const { ref, buildArgs } = decision.plan.image;
        const edition = editions.gpu.find(({ tag }) => tag === ref);
        assert.deepEqual(buildArgs ?? {}, edition?.buildArgs ?? {}, `${driver} ${card}`);
      }
  });
});
