import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { loopsWhileTrue, putModel } from '../../support/models.js';

it('the process that makes an optimised copy ends with its server, also while a trial keeps it busy', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-weights-end-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const modelPath = await putModel(folder, { name: 'endless', graph: loopsWhileTrue });
  const owner = fork(new URL('./owner.js', import.meta.url), [modelPath, join(folder, 'cache')], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [helper] = (await once(owner, 'message')) as [number];
  assert.ok(process.kill(helper, 0));
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  while (isAlive(helper)) await wait(50);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
