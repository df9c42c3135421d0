import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decideTf32, describeTf32, isTf32Allowed } from '../../src/engine/tf32.js';

describe('rounding to TF32', () => {
  it('is off for this process and its children unless it is allowed, and what the environment says stays', () => {
    const cases = [
      [{}, false, '0', false],
      [{}, true, undefined, true],
      [{ NVIDIA_TF32_OVERRIDE: '1' }, false, '1', true],
      [{ NVIDIA_TF32_OVERRIDE: '0' }, true, '0', false],
    ] as const;
    for (const [given, wish, variable, isAllowed] of cases) {
      const env: NodeJS.ProcessEnv = { ...given };
      decideTf32(env, wish);
      assert.equal(env['NVIDIA_TF32_OVERRIDE'], variable);
      assert.equal(isTf32Allowed(env), isAllowed);
    }
  });

  it('is told with the choice of a provider of NVIDIA, and with no other', () => {
    const full = { NVIDIA_TF32_OVERRIDE: '0' };
    assert.equal(describeTf32('cuda', full), 'FP32 at full precision (--tf32 allows TF32)');
    assert.equal(describeTf32('tensorrt', {}), 'FP32 products may be rounded to TF32');
    assert.deepEqual([describeTf32('cpu', full), describeTf32('webgpu', {})], [undefined, undefined]);
  });
});
