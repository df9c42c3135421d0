import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  checkCondition,
  type ConditionVerdict,
  type DriverFacts,
} from '../../../../src/launch/decide/gpu/driver-condition.js';
import { conditionsOf, cuda13Condition } from '../../../../src/launch/editions.js';

const l4: DriverFacts = { driver: '575.57.08', cuda: '12.9', arch: '8.9', brand: 'nvidia' };
const rtx4090: DriverFacts = { ...l4, brand: 'geforce' };

// Expected values: libnvidia-container's src/cli/dsl.c, read by hand.
const rows: readonly (readonly [condition: string, facts: DriverFacts, expected: ConditionVerdict])[] = [
  ['', l4, 'met'],
  ['cuda>=12.9', l4, 'met'],
  ['cuda>=12.10', l4, 'unmet'],
  ['cuda>=13.0', l4, 'unmet'],
  ['cuda>12.9', l4, 'unmet'],
  ['cuda<=12.9.0', l4, 'met'],
  ['cuda=12.9', l4, 'met'],
  ['cuda!=12.9', l4, 'unmet'],
  ['driver>=535,driver<536', l4, 'unmet'],
  ['driver>=575,driver<576', l4, 'met'],
  ['driver=575', l4, 'unmet'],
  ['driver>=575.57.08', l4, 'met'],
  ['driver>575.57.8', l4, 'unmet'],
  ['arch>=7.5', l4, 'met'],
  ['arch>=9.0', l4, 'unmet'],
  ['arch=10.0', { ...l4, arch: '10.0' }, 'met'],
  ['brand=NVIDIA', l4, 'met'],
  ['brand!=geforce', l4, 'met'],
  ['brand!=geforce', rtx4090, 'unmet'],
  // a space is "or", a comma "and"
  ['cuda>=13.0 brand=nvidia,driver>=575,driver<576', l4, 'met'],
  ['cuda>=13.0 brand=nvidia,driver>=575,driver<576', rtx4090, 'unmet'],
  ['cuda>=13.0 brand=tesla,driver>=575,driver<576', l4, 'unmet'],
  ['  cuda>=13.0   driver>=500,,arch>=8.0,  ', l4, 'met'],
  ['CUDA>=12.0,Driver>=525', l4, 'met'],
  // what is not told fits
  ['brand=tesla,driver>=575', { driver: '575.57.08' }, 'met'],
  ['cuda>=13.0', {}, 'met'],
  ['cuda>=13.0 arch>=9.0', { cuda: '12.2' }, 'met'],
  // what cannot be read ends the check, but only where it is reached
  ['cuda', l4, 'unreadable'],
  ['cuda>=', l4, 'unreadable'],
  ['>=12', l4, 'unreadable'],
  ['cuda==12.9', l4, 'unreadable'],
  ['cuda=>12.9', l4, 'unreadable'],
  ['brand>nvidia', l4, 'unreadable'],
  ['cuda>=twelve', l4, 'unreadable'],
  ['driverversion>=535', l4, 'unreadable'],
  ['cuda>=12.0 nonsense', l4, 'met'],
  ['cuda>=13.0 nonsense', l4, 'unreadable'],
  ['cuda>=13.0,nonsense arch>=8.0', l4, 'met'],
];

describe('a condition of NVIDIA_REQUIRE_CUDA', () => {
  for (const [condition, facts, expected] of rows) {
    it(`"${condition}" is ${expected} by ${JSON.stringify(facts)}`, () => {
      assert.equal(checkCondition(condition, facts), expected);
    });
  }

  it("of NVIDIA's images for CUDA 13.0 lets data-centre and professional brands in on five branches, and every brand from 580", () => {
    const branches = [525, 535, 545, 550, 555, 560, 565, 570, 575, 580, 590];
    const cudaOf = (branch: number): string => (branch < 580 ? '12.9' : '13.0');
    const fits = (brand: string): readonly number[] =>
      branches.filter((branch) => {
        const facts = { brand, driver: `${branch}.51.03`, cuda: cudaOf(branch), arch: '8.9' };
        return checkCondition(cuda13Condition, facts) === 'met';
      });
    for (const brand of ['nvidia', 'tesla', 'quadro', 'quadrortx', 'nvidiartx', 'grid', 'vws', 'unknown'])
      assert.deepEqual(fits(brand), [535, 550, 565, 570, 575, 580, 590], brand);
    for (const brand of ['geforce', 'geforcertx', 'titan', 'titanrtx', 'nvs'])
      assert.deepEqual(fits(brand), [580, 590], brand);
  });
});

describe("the conditions in a container's variables", () => {
  it('are every NVIDIA_REQUIRE_, less those of a Jetson', () => {
    const env = {
      NVIDIA_REQUIRE_CUDA: 'cuda>=12.0',
      NVIDIA_REQUIRE_ARCH: 'arch>=8.0',
      NVIDIA_REQUIRE_JETPACK: 'x',
      PATH: '/',
    };
    assert.deepEqual(conditionsOf(env), ['cuda>=12.0', 'arch>=8.0']);
  });

  it('are the CUDA version of an image that states no condition, by major and minor', () => {
    assert.deepEqual(conditionsOf({ CUDA_VERSION: '12.8.1' }), ['cuda>=12.8']);
    assert.deepEqual(conditionsOf({ CUDA_VERSION: '12.8.1', NVIDIA_REQUIRE_CUDA: 'cuda>=12.0' }), ['cuda>=12.0']);
    assert.equal(conditionsOf({ PATH: '/' }), undefined);
  });

  it('are none where they are turned off, as Go reads a truth value', () => {
    for (const value of ['1', 't', 'T', 'true', 'TRUE', 'True'])
      assert.deepEqual(conditionsOf({ NVIDIA_REQUIRE_CUDA: 'cuda>=99', NVIDIA_DISABLE_REQUIRE: value }), [], value);
    for (const value of ['0', 'yes', 'false', ''])
      assert.deepEqual(
        conditionsOf({ NVIDIA_REQUIRE_CUDA: 'cuda>=99', NVIDIA_DISABLE_REQUIRE: value }),
        ['cuda>=99'],
        value,
      );
  });
});
