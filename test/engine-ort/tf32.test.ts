import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decideTf32, isTf32Allowed } from '../../src/engine/tf32.js';

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
});
