import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { onceATurn } from '../../../src/server/routes/once-a-turn.js';

describe('work that many ask for', () => {
  it('is done once in a turn of the event loop, and anew in the next', async () => {
    let done = 0;
    const work = onceATurn(() => Promise.resolve((done += 1)));
    assert.deepEqual(await Promise.all([work(), work(), work()]), [1, 1, 1]);
    await new Promise(setImmediate);
    assert.equal(await work(), 2);
  });

  it('fails for all who asked in its turn, and for nobody after it', async () => {
    let done = 0;
    const work = onceATurn(() => ((done += 1) === 1 ? Promise.reject(new Error('once')) : Promise.resolve(done)));
    await Promise.all([assert.rejects(work(), /once/), assert.rejects(work(), /once/)]);
    await new Promise(setImmediate);
    assert.equal(await work(), 2);
  });
});
