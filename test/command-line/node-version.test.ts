import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { temporaryFolder } from '../support/folder.js';

const programs = ['bin/slipway.cjs', 'bin/launch.js', 'bin/bench.js', 'bin/preinstall.cjs'];
const older = join(temporaryFolder('node-version-'), 'older.cjs');

/** A program as a Node.js of another version would start it. */
function startWith(version: string, program: string) {
  const args = ['--require', older, program, '--version'];
  return spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, OLDER: version } });
}

describe('a Node.js that is too old', () => {
  before(async () => {
    const versions = '{ ...process.versions, node: process.env.OLDER }';
    await writeFile(older, `Object.defineProperty(process, 'versions', { value: ${versions} });`);
  });

  for (const program of programs) {
    it(`is told by ${program}, with the version that is needed`, () => {
      for (const version of ['12.22.12', '18.20.8', '20.8.1']) {
        const { status, stdout, stderr } = startWith(version, program);
        const told =
          `slipway: Node.js 20.9 or newer is needed, and ${process.execPath} is ${version}. ` +
          'Install a newer one (nodejs.org, or nvm install), or put it first on PATH.\n';
        assert.deepEqual([status, stdout, stderr], [1, '', told]);
      }
    });

    it(`can read ${program}, so that it comes as far as that line`, async () => {
      assert.doesNotMatch(await readFile(program, 'utf8'), /\?\?|\?\.[\w([]|^await /m);
    });
  }

  it('is none from 20.9 on', () => {
    for (const version of ['20.9.0', '22.0.0', '100.1.0']) {
      assert.deepEqual([version, startWith(version, 'bin/slipway.cjs').status], [version, 0]);
    }
  });
});
