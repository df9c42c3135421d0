import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../support/folder.js';

const programs = fileURLToPath(new URL('../../src/', import.meta.url));
const lines = [
  ['tool', 'completion', 'fish'],
  ['launch', 'export', 'kubernetes', '--image', 'registry.example/slipway:1'],
  ['server', '--config-schema'],
] as const;

/** Runs a command whose standard output is that file, of which it may write so many blocks of 512 bytes. */
function runInto(file: string, [program, ...args]: readonly string[], blocks = 'unlimited') {
  const stdout = openSync(file, 'w');
  const line = [
    '-c',
    `ulimit -f ${blocks}; exec "$@"`,
    'sh',
    process.execPath,
    `${programs}${program}/main.js`,
    ...args,
  ];
  const { status, stderr } = spawnSync('sh', line, { stdio: ['ignore', stdout, 'pipe'], encoding: 'utf8' });
  closeSync(stdout);
  return { status, stderr, bytes: statSync(file).size };
}

describe('standard output', { skip: process.platform === 'win32' && 'the limits are those of POSIX' }, () => {
  const file = join(temporaryFolder('slipway-output-'), 'result');

  it('that is a file with room takes all of a result', () => {
    for (const line of lines) {
      const { status, bytes } = runInto(file, line);
      assert.deepEqual([status, bytes > 4096], [0, true], line.join(' '));
    }
  });

  it('that takes a part of a result ends the command with 1 and the reason', () => {
    for (const line of lines) {
      const { status, stderr, bytes } = runInto(file, line, '8');
      assert.deepEqual([status, bytes], [1, 4096], line.join(' '));
      assert.match(stderr, /^✗ The standard output cannot be written: EFBIG: file too large, write\.\n$/m);
    }
  });

  it('of a full disk ends the command with 1 and the reason', { skip: process.platform !== 'linux' }, () => {
    for (const line of lines) {
      const { status, stderr } = runInto('/dev/full', line);
      assert.equal(status, 1, line.join(' '));
      assert.match(stderr, /^✗ The standard output cannot be written: ENOSPC: no space left on device, write\.\n$/m);
    }
  });

  it('whose reader went away is no failure', () => {
    for (const [program, ...args] of lines) {
      const line = 'trap "" PIPE; { "$@"; echo $? >&2; } | :';
      const own = [process.execPath, `${programs}${program}/main.js`, ...args];
      const { stderr } = spawnSync('sh', ['-c', line, 'sh', ...own], { encoding: 'utf8' });
      assert.match(stderr, /^0\n$/m, program);
      assert.doesNotMatch(stderr, /standard output|EPIPE/, program);
    }
  });
});
