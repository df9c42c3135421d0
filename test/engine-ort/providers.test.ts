import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  chooseProvider,
  listCandidates,
  type ExecutionRequest,
  type ProviderProofs,
} from '../../src/engine/providers.js';

const request = (parts: Partial<ExecutionRequest> = {}): ExecutionRequest => ({
  model: [],
  server: 'auto',
  requireGpu: false,
  ...parts,
});
const noCuda = { works: false, reason: 'the driver is too old' } as const;
const works = { works: true } as const;
const software = { works: true, isSoftware: true } as const;

describe('the choice of an execution provider', () => {
  it('takes the best that works for auto, and says what it skipped', () => {
    const table: readonly (readonly [ProviderProofs, string, RegExp])[] = [
      [{ cuda: works, webgpu: works }, 'cuda', /^cuda works$/],
      [{ cuda: noCuda, webgpu: works }, 'webgpu', /^webgpu, since cuda: the driver is too old$/],
      [{ cuda: noCuda, webgpu: software }, 'cpu', /webgpu: its adapter is software, not a GPU$/],
      [{}, 'cpu', /^cpu, since cuda: it was not tried; webgpu: it was not tried$/],
    ];
    for (const [proofs, provider, reason] of table) {
      const choice = chooseProvider(request(), proofs);
      assert.equal(choice.provider, provider);
      assert.match(choice.reason, reason);
    }
  });

  it('never falls back from an explicit request', () => {
    assert.throws(() => chooseProvider(request({ server: 'cuda' }), { cuda: noCuda }), {
      code: 'DEVICE_UNAVAILABLE',
      message: /^execution provider cuda cannot be served here: cuda: the driver is too old\. .*choose auto or cpu/,
    });
    assert.throws(() => chooseProvider(request({ model: ['cuda'] }), { cuda: noCuda, webgpu: works }), {
      code: 'DEVICE_UNAVAILABLE',
      message: /execution\.providers \[cuda\]/,
    });
  });

  it('follows a model list in its order before the server request', () => {
    const proofs = { cuda: works, webgpu: works };
    assert.equal(chooseProvider(request({ model: ['webgpu', 'cuda'], server: 'cuda' }), proofs).provider, 'webgpu');
    assert.equal(chooseProvider(request({ model: ['cuda', 'cpu'] }), { cuda: noCuda }).provider, 'cpu');
    assert.equal(chooseProvider(request({ model: ['cpu'], server: 'cuda' }), proofs).provider, 'cpu');
  });

  it('takes no CPU and no software where a GPU is required', () => {
    assert.throws(() => chooseProvider(request({ requireGpu: true }), { cuda: noCuda, webgpu: software }), {
      message: /with a GPU required .*the driver is too old; webgpu: its adapter is software.*drop the requirement/,
    });
    assert.throws(() => chooseProvider(request({ model: ['cpu'], requireGpu: true }), {}), {
      message: /no GPU provider is named/,
    });
    assert.equal(chooseProvider(request({ server: 'webgpu' }), { webgpu: software }).provider, 'webgpu');
  });

  it('lists what has to be proved before', () => {
    assert.deepEqual(listCandidates(request()), ['cuda', 'webgpu', 'cpu']);
    assert.deepEqual(listCandidates(request({ server: 'tensorrt' })), ['tensorrt']);
    assert.deepEqual(listCandidates(request({ model: ['cuda', 'cpu'], requireGpu: true })), ['cuda']);
  });
});
