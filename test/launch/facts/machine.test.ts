import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { thisMachine } from '../../../src/launch/facts/machine.js';
import { temporaryFolder } from '../../support/folder.js';

/** A program on the PATH of a machine. */
async function machineWith(name: string, script: string) {
  const folder = temporaryFolder('programs-');
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, name), 0o755);
  return thisMachine({ PATH: `${folder}:${process.env['PATH'] ?? ''}` });
}

describe('a program that a probe runs', { skip: process.platform === 'win32' && 'they are shell scripts' }, () => {
  it('is given up at its limit, though SIGKILL does not end what holds its output', async () => {
    const world = await machineWith('nvidia-smi', 'sleep 20 & wait');
    const startMs = performance.now();
    assert.deepEqual(await world.run('nvidia-smi', ['-L'], 300), { kind: 'timeout', limitMs: 300 });
    assert.ok(performance.now() - startMs < 15_000, 'it was waited for');
  });

  it('answers with its code and both outputs, and is told from one that is missing', async () => {
    const world = await machineWith('tool', 'cat; echo $1; echo bad >&2; exit 7');
    assert.deepEqual(await world.run('tool', ['a b'], 20_000), {
      kind: 'exited',
      code: 7,
      stdout: 'a b\n',
      stderr: 'bad\n',
    });
    assert.deepEqual(await world.run('no-such-tool', [], 20_000), { kind: 'missing' });
  });

  it('that prints without end is no one that hangs', async () => {
    const world = await machineWith('flood', 'yes');
    const result = await world.run('flood', [], 20_000);
    assert.equal(result.kind, 'failed');
  });
});
