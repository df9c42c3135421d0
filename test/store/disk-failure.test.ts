import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { diskFailure, isDiskFailure } from '../../src/store/transfer/disk-failure.js';

describe('a disk that takes no models', { skip: process.platform !== 'linux' && 'only Linux has /dev/full' }, () => {
  it('is named, with why and what to do', async () => {
    const full = await writeFile('/dev/full', 'x').catch((thrown: unknown) => thrown);
    assert.equal(isDiskFailure(full), true);
    const { message, code } = diskFailure(full, '/cache') as { message: string; code: string };
    assert.equal(code, 'REQUEST_FAILED');
    assert.match(message, /^Models cannot be written to \/cache: no space is left on its disk\. Make room there, or/);
  });

  it('is not what other failures are', async () => {
    const absent = await writeFile('/nowhere/x', 'x').catch((thrown: unknown) => thrown);
    const own = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    for (const other of [absent, own, undefined, 'text']) assert.equal(diskFailure(other, '/cache'), other);
  });
});
