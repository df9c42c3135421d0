import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { whereIsEngine } from '../../../src/launch/facts/gather.js';
import { compareVersions, runsOn } from '../../../src/launch/decide/gpu/versions.js';
import { engine, hosts } from '../situations.js';

const place = (change: object, facts: object = {}) => {
  const fact = engine(change);
  assert.ok(fact.state === 'known');
  return whereIsEngine({ ...fact.value, ...facts }, hosts.bare.system);
};

describe("place of the engine's host", () => {
  it('is here where the kernel is ours', () => {
    assert.equal(place({}).isHere, true);
  });

  it('is elsewhere over ssh, in a virtual machine, and behind a tunnel', () => {
    for (const found of [
      place({}, { remoteHost: 'gpubox' }),
      place({ kind: 'desktop', kernel: '6.10.14-linuxkit', operatingSystem: 'Docker Desktop' }),
      place({ kernel: '6.5.0-lima' }),
      place({ hostname: 'gpubox' }, { url: 'tcp://127.0.0.1:2375' }),
    ]) {
      assert.equal(found.isHere, false);
      assert.match('reason' in found ? found.reason : '', /this machine's files do not describe it/);
    }
  });
});

describe('versions', () => {
  it('compare by number', () => {
    assert.ok(compareVersions('525.60.13', '525.147') < 0);
    assert.ok(compareVersions('1.44', '1.5') > 0);
    assert.equal(compareVersions('12', '12.0.0'), 0);
  });

  const rows: readonly (readonly [architectures: string, capability: string, runs: boolean])[] = [
    ['80-real', '8.0', true],
    ['80-real', '8.9', true],
    ['89-real', '8.6', false],
    ['75', '7.0', false],
    ['90a-real', '9.0', true],
    ['90a-real', '9.1', false],
    ['90-virtual', '12.0', true],
    ['90-virtual', '8.9', false],
    ['60-real;70-real;75-real;80-real;90a-real;90-virtual', '10.0', true],
    ['120-real', '12.1', true],
    ['nonsense', '8.0', false],
  ];
  for (const [architectures, capability, runs] of rows) {
    it(`code for ${architectures} ${runs ? 'runs' : 'does not run'} on ${capability}`, () => {
      assert.equal(runsOn(architectures.split(';'), capability), runs);
    });
  }
});
