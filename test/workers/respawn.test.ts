import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decideRespawn, type Loss } from '../../src/workers/respawn.js';

const policy = { maxLosses: 3, windowMs: 1000, firstDelayMs: 100, longestDelayMs: 500 };
const losses = (isRequestFault: boolean, ...times: number[]): Loss[] => times.map((atMs) => ({ atMs, isRequestFault }));
const restart = (delayMs: number) => ({ kind: 'restart', delayMs });

describe('a worker that was lost', () => {
  it('is started again after a wait that doubles with each loss of late, until there are too many', () => {
    assert.deepEqual(decideRespawn(losses(false, 5000), policy), restart(100));
    assert.deepEqual(decideRespawn(losses(false, 5000, 5900), policy), restart(200));
    assert.deepEqual(decideRespawn(losses(false, 5000, 5900, 6001), policy), restart(200), 'the first is long ago');
    const verdict = decideRespawn(losses(false, 5000, 5900, 6000), policy);
    assert.deepEqual(verdict, { kind: 'give-up', reason: '3 workers were lost within 1 s; no more are started' });
  });

  it('by the fault of requests is never given up, and yet not started again all the time', () => {
    const times = [5000, 5100, 5200, 5300, 5400, 5500];
    assert.deepEqual(decideRespawn(losses(true, ...times), policy), restart(500));
    assert.deepEqual(decideRespawn([...losses(true, ...times), ...losses(false, 5600, 5700)], policy), restart(500));
    const verdict = decideRespawn([...losses(true, ...times), ...losses(false, 5600, 5700, 5800)], policy);
    assert.equal(verdict.kind, 'give-up');
  });
});
