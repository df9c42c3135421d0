import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { divideThreads, type ThreadRequest } from '../../src/resources/thread-budget.js';

const divide = (cpus: number, request: ThreadRequest = {}): readonly [workers: number, intraOpThreads: number] => {
  const { workers, intraOpThreads } = divideThreads({ cpus, source: 'test' }, request);
  return [workers, intraOpThreads];
};

describe('the thread budget', () => {
  it('gives every CPU a worker, and beyond eight workers more threads to each', () => {
    assert.deepEqual(
      [1, 2, 8, 9, 16, 64].map((cpus) => divide(cpus)),
      [
        [1, 1],
        [2, 1],
        [8, 1],
        [8, 1],
        [8, 2],
        [8, 8],
      ],
    );
  });

  it('keeps a request and fits the rest to it', () => {
    assert.deepEqual(divide(8, { workers: 2 }), [2, 4]);
    assert.deepEqual(divide(8, { intraOpThreads: 3 }), [2, 3]);
    assert.deepEqual(divide(4, { workers: 1, intraOpThreads: 2 }), [1, 2]);
    assert.deepEqual(divide(16, { workers: 16 }), [16, 1]);
  });

  it('never asks for more threads than CPUs', () => {
    for (let cpus = 1; cpus <= 130; cpus += 1) {
      const [workers, intraOpThreads] = divide(cpus);
      assert.ok(workers * intraOpThreads <= cpus && workers * intraOpThreads > cpus / 2, `${cpus}`);
    }
  });

  it('carries where the limit comes from, and threads for images and files', () => {
    assert.deepEqual(divideThreads({ cpus: 6, source: 'cpuset 0-5' }), {
      cpus: 6,
      source: 'cpuset 0-5',
      workers: 6,
      intraOpThreads: 1,
      codecThreads: 6,
      imageThreads: 1,
      ioThreads: 6,
    });
    assert.equal(divideThreads({ cpus: 64, source: '' }).codecThreads, 8);
    assert.equal(divideThreads({ cpus: 1, source: '' }, { ioThreads: 2 }).ioThreads, 2);
    assert.equal(divideThreads({ cpus: 1, source: '' }).ioThreads, 4);
  });

  it('refuses what does not fit, with the limit', () => {
    assert.throws(() => divide(2, { workers: 2, intraOpThreads: 2 }), {
      code: 'USAGE',
      message: /2 workers x 2 threads need 4 CPUs, but this process may use 2 \(test\)/,
    });
    assert.throws(() => divide(2, { intraOpThreads: 3 }), { code: 'USAGE' });
    assert.throws(() => divide(2, { workers: 0 }), {
      code: 'USAGE',
      message: /workers is 0, expected a positive integer/,
    });
    assert.throws(() => divide(2, { ioThreads: 1.5 }), { code: 'USAGE' });
  });
});
