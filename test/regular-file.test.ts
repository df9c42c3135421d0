import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readRegularFile, readRegularFileSync } from '../src/regular-file.js';
import { temporaryFolder } from './support/folder.js';

const root = temporaryFolder('regular-');
const at = (name: string): string => join(root, name);

/** Both readers refuse the file for the same reason. */
async function refuses(path: string, reason: RegExp | { readonly code: string }, mostBytes?: number): Promise<void> {
  await assert.rejects(readRegularFile(path, mostBytes), reason);
  assert.throws(() => readRegularFileSync(path, mostBytes), reason);
}

describe('a file that is read whole', () => {
  it('is read up to its limit, through links too, and refused above it', async () => {
    for (const size of [0, 1, 4096, 100_000]) {
      writeFileSync(at('file'), Buffer.alloc(size, 7));
      assert.deepEqual(await readRegularFile(at('file'), size), Buffer.alloc(size, 7));
      assert.deepEqual(readRegularFileSync(at('file'), size), Buffer.alloc(size, 7));
    }
    symlinkSync('file', at('link'));
    assert.equal((await readRegularFile(at('link'))).length, 100_000);
    await refuses(at('link'), /^Error: it has 100000 bytes, more than 99999$/, 99_999);
  });

  it('is refused at once where it has gigabytes', async () => {
    writeFileSync(at('huge'), '');
    truncateSync(at('huge'), 3e9);
    await refuses(at('huge'), /it has 3000000000 bytes, more than 16777216/);
  });

  const skip = process.platform === 'win32' && 'there are no pipes in folders';

  it('is refused at once where it is a pipe that nobody writes to, a device, or a folder', { skip }, async () => {
    execFileSync('mkfifo', [at('pipe')]);
    mkdirSync(at('folder'));
    for (const path of [at('pipe'), '/dev/zero', '/dev/null', at('folder')])
      await refuses(path, /^Error: it is not a regular file$/);
  });

  it('is refused with the error of the system where it is not there, or its links lead in a circle', async () => {
    symlinkSync('circle', at('circle'));
    await refuses(at('missing'), { code: 'ENOENT' });
    await refuses(at('circle'), { code: 'ELOOP' });
  });
});
