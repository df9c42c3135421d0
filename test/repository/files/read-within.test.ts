import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readWithin } from '../../../src/repository/files/read-within.js';

describe('reading files of a model', () => {
  it('gives what was read, or why it could not be', async () => {
    const reading = { what: 'The label file', limitMs: 60_000 };
    assert.equal(await readWithin(Promise.resolve('cat'), reading), 'cat');
    await assert.rejects(readWithin(Promise.reject(new Error('EIO')), reading), /^Error: EIO$/);
  });

  it('is not waited for beyond its limit, and what comes afterwards is handed to whoever clears it away', async () => {
    const late: string[] = [];
    let finish: (text: string) => void = () => undefined;
    const work = new Promise<string>((resolve) => (finish = resolve));
    const reading = { what: 'The model file', limitMs: 1, onLate: (text: string) => late.push(text) };
    await assert.rejects(readWithin(work, reading), {
      code: 'MODEL_INVALID',
      message: /^The model file could not be read within 0\.001 s: .*Look at its mount/,
    });
    finish('copy');
    await work;
    assert.deepEqual(late, ['copy']);
  });
});
