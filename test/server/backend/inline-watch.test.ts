import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';

const entry = new URL('../../../src/server/backend/inline-watch.js', import.meta.url).href;

/** A process that runs short runs on its main thread, and then perhaps one without an end. */
function start(end: 'hangs' | 'ends') {
  const script = `import(${JSON.stringify(entry)}).then(async ({ createInlineWatch }) => {
    const watch = createInlineWatch({ limitMs: 100, log: { level: 'info', format: 'json', access: false } });
    watch.begin(3, 'other/1');
    watch.begin(4, 'm/2');
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (let n = 0; n < 1000; n++) { watch.enter(3); watch.leave(); }
    ${end === 'hangs' ? 'watch.enter(4); for (;;);' : ''}
  })`;
  return spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'ignore', 'pipe'] });
}

describe('the watch of runs on the HTTP thread', () => {
  it('ends a process whose main thread hangs in one, and says which', { timeout: 60_000 }, async () => {
    const child = start('hangs');
    const [said, ended] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    assert.deepEqual(ended, [null, 'SIGKILL']);
    const line = JSON.parse(said.trim()) as { level: string; what: string; message: string };
    assert.equal(line.level, 'fatal');
    assert.match(line.what, /^a run of m\/2 on the HTTP thread has taken \d+ ms, over the limit of 100 ms$/);
    assert.equal(line.message, 'the watchdog ends the process');
  });

  it('lets a process end by itself that has nothing to do', { timeout: 60_000 }, async () => {
    const child = start('ends');
    const [said, ended] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    assert.deepEqual([ended, said], [[0, null], '']);
  });
});
