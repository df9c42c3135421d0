import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createDeviceFinder } from '../../src/engine/devices.js';

/** GPUs of which some work; tells which were tried, in turn. */
function machine(working: readonly number[], count?: number) {
  const tried: string[] = [];
  const find = createDeviceFinder({
    prove: (provider, deviceId) => {
      tried.push(`${provider}:${deviceId}`);
      const proof = working.includes(deviceId) ? ({ works: true } as const) : { works: false as const, reason: 'gone' };
      return Promise.resolve(proof);
    },
    countGpus: () => Promise.resolve(count),
  });
  return { find, tried };
}

describe('createDeviceFinder', () => {
  it('tries nothing for a model that wants one GPU', async () => {
    const { find, tried } = machine([0, 1], 2);
    assert.deepEqual(await find('cuda', 1), { deviceIds: [0] });
    assert.deepEqual(tried, []);
  });

  it('gives all that work where their number is known, and names those that do not', async () => {
    const { find, tried } = machine([0, 2, 3], 4);
    assert.deepEqual(await find('cuda', 'all'), {
      deviceIds: [0, 2, 3],
      note: 'instances.gpu asks for all: it has 3 (cuda:0, cuda:2, cuda:3); cuda:1 does not work: gone.',
    });
    assert.deepEqual(tried, ['cuda:1', 'cuda:2', 'cuda:3']);
  });

  it('tries one after another until one does not work where nobody knows how many there are', async () => {
    const { find, tried } = machine([0, 1, 3]);
    assert.deepEqual((await find('tensorrt', 'all')).deviceIds, [0, 1]);
    assert.deepEqual(tried, ['tensorrt:1', 'tensorrt:2']);
  });

  it('gives as many as are asked for, and says so where there are fewer', async () => {
    const { find } = machine([0, 1, 2], 3);
    assert.deepEqual(await find('cuda', 2), {
      deviceIds: [0, 1],
      note: 'instances.gpu asks for 2: it has 2 (cuda:0, cuda:1).',
    });
    assert.deepEqual(await find('cuda', 8), {
      deviceIds: [0, 1, 2],
      note: 'instances.gpu asks for 8: it has 3 (cuda:0, cuda:1, cuda:2).',
    });
    const alone = machine([0], 2);
    assert.deepEqual(await alone.find('cuda', 2), {
      deviceIds: [0],
      note: 'instances.gpu asks for 2: it has 1 (cuda:0); cuda:1 does not work: gone.',
    });
  });

  it('tries each GPU once, however many models ask', async () => {
    const { find, tried } = machine([0, 1], 2);
    await Promise.all([find('cuda', 'all'), find('cuda', 2), find('cuda', 'all')]);
    assert.deepEqual(tried, ['cuda:1']);
  });

  it('says that WebGPU has one adapter', async () => {
    const { find, tried } = machine([0, 1], 2);
    assert.deepEqual(await find('webgpu', 'all'), {
      deviceIds: [0],
      note: 'instances.gpu asks for all: webgpu has one adapter.',
    });
    assert.deepEqual(tried, []);
  });
});
