import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runServerCommand } from '../../src/launch/commands/models/look.js';
import { lendThisProcess } from '../../src/launch/this-process.js';
import { temporaryFolder } from '../support/folder.js';

/** Runs a command of a program that is this piece of JavaScript: its exit code and what it printed. */
async function lookBy(script: string) {
  const projectFolder = temporaryFolder('look-');
  await mkdir(join(projectFolder, 'bin'));
  await writeFile(join(projectFolder, 'bin/slipway.cjs'), script);
  const texts = { stdout: '', stderr: '' };
  let exitCode = 0;
  const context = lendThisProcess((code) => (exitCode = code), {
    stdout: { write: (text: string) => (texts.stdout += text) },
    stderr: { write: (text: string) => (texts.stderr += text) },
  });
  await runServerCommand(['inspect', '.'], { ...context, projectFolder });
  return { exitCode, ...texts };
}

describe('launch models inspect', () => {
  it('says by which signal the program ended that looks, and what it had said', async () => {
    for (const signal of ['SIGKILL', 'SIGSEGV'] as const) {
      const script = `console.error('slipway: so far'); process.kill(process.pid, '${signal}'); setInterval(() => {}, 1000)`;
      const message = new RegExp(`^slipway inspect did not come to its end: signal ${signal} ended it\\.\\nso far$`);
      await assert.rejects(lookBy(script), { code: 'INTERNAL', message });
    }
    await assert.rejects(
      lookBy(`console.log('half'); process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 9)`),
      {
        code: 'INTERNAL',
        message: /signal SIGKILL/,
      },
    );
  });

  it('tells a wrong line, a refused model and a fault of the program apart', async () => {
    const failing = (code: number) => lookBy(`console.error('slipway: why'); process.exitCode = ${code}`);
    await assert.rejects(failing(2), { code: 'USAGE', message: 'why' });
    await assert.rejects(failing(4), { code: 'MODEL_INVALID', message: 'why' });
    await assert.rejects(failing(1), { code: 'INTERNAL', message: 'why' });
    const refused = await lookBy(`console.log('found'); process.exitCode = 4`);
    assert.deepEqual([refused.exitCode, refused.stdout], [1, 'found\n']);
    assert.equal((await lookBy(`console.log('found')`)).exitCode, 0);
  });
});
