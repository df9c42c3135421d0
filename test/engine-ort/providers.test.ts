import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseProvider, listCandidates, type ExecutionWish, type ProviderProofs } from '../../src/engine/providers.js';

const wish = (parts: Partial<ExecutionWish> = {}): ExecutionWish => ({
  model: [],
  server: 'auto',
  requireGpu: false,
  ...parts,
});
const noCuda = { works: false, reason: 'the driver is too old' } as const;
const works = { works: true } as const;
const software = { works: true, isSoftware: true } as const;

describe('the choice of an execution provider', () => {
  it('takes the best that works for auto, and says what it passed over', () => {
    const table: readonly (readonly [ProviderProofs, string, RegExp])[] = [
      [{ cuda: works, webgpu: works }, 'cuda', /^cuda works$/],
      [{ cuda: noCuda, webgpu: works }, 'webgpu', /^webgpu, since cuda: the driver is too old$/],
      [{ cuda: noCuda, webgpu: software }, 'cpu', /webgpu: its adapter is software, not a GPU$/],
      [{}, 'cpu', /^cpu, since cuda: it was not tried; webgpu: it was not tried$/],
    ];
    for (const [proofs, provider, reason] of table) {
      const choice = chooseProvider(wish(), proofs);
      assert.equal(choice.provider, provider);
      assert.match(choice.reason, reason);
    }
  });

  it('never falls back from an explicit wish', () => {
    assert.throws(() => chooseProvider(wish({ server: 'cuda' }), { cuda: noCuda }), {
      code: 'DEVICE_UNAVAILABLE',
      message: /^execution provider cuda cannot be served here: cuda: the driver is too old\. .*choose auto or cpu/,
    });
    assert.throws(() => chooseProvider(wish({ model: ['cuda'] }), { cuda: noCuda, webgpu: works }), {
      code: 'DEVICE_UNAVAILABLE',
      message: /execution\.providers \[cuda\]/,
    });
  });

  it('follows a model list in its order before the server wish', () => {
    const proofs = { cuda: works, webgpu: works };
    assert.equal(chooseProvider(wish({ model: ['webgpu', 'cuda'], server: 'cuda' }), proofs).provider, 'webgpu');
    assert.equal(chooseProvider(wish({ model: ['cuda', 'cpu'] }), { cuda: noCuda }).provider, 'cpu');
    assert.equal(chooseProvider(wish({ model: ['cpu'], server: 'cuda' }), proofs).provider, 'cpu');
  });

  it('takes no CPU and no software where a GPU is required', () => {
    assert.throws(() => chooseProvider(wish({ requireGpu: true }), { cuda: noCuda, webgpu: software }), {
      message: /with a GPU required .*the driver is too old; webgpu: its adapter is software.*drop the requirement/,
    });
    assert.throws(() => chooseProvider(wish({ model: ['cpu'], requireGpu: true }), {}), {
      message: /no GPU provider is named/,
    });
    assert.equal(chooseProvider(wish({ server: 'webgpu' }), { webgpu: software }).provider, 'webgpu');
  });

  it('lists what has to be proved before', () => {
    assert.deepEqual(listCandidates(wish()), ['cuda', 'webgpu', 'cpu']);
    assert.deepEqual(listCandidates(wish({ server: 'tensorrt' })), ['tensorrt']);
    assert.deepEqual(listCandidates(wish({ model: ['cuda', 'cpu'], requireGpu: true })), ['cuda']);
  });
});
