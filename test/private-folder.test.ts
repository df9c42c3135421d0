import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { makeFolders } from '../src/private-folder.js';
import { temporaryFolder } from './support/folder.js';

describe('folders of the cache', () => {
  const root = temporaryFolder('folders-');

  it('are made with those above them, for this user alone, and may be there already', () => {
    const folder = join(root, 'a', 'b', 'c');
    for (let times = 0; times < 2; times += 1) makeFolders(folder);
    for (const made of ['a', 'a/b', 'a/b/c']) assert.equal(statSync(join(root, made)).mode & 0o777, 0o700, made);
  });

  it('are made with another mode where one is given', () => {
    makeFolders(join(root, 'open', 'out'), 0o755);
    for (const made of ['open', 'open/out']) assert.equal(statSync(join(root, made)).mode & 0o755, 0o755, made);
  });

  it('are refused with the error of the system where a file is in the way', () => {
    writeFileSync(join(root, 'file'), '');
    assert.throws(() => makeFolders(join(root, 'file')), { code: 'EEXIST' });
    assert.throws(() => makeFolders(join(root, 'file', 'below', 'it')), { code: 'ENOTDIR' });
  });

  const skip = process.platform !== 'linux' && 'there is no /proc';

  it('are refused at once where the folder above takes none', { skip }, () => {
    assert.throws(() => makeFolders('/proc/slipway/crashes'), { code: 'ENOENT' });
  });
});
