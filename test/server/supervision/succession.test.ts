import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';

const skip = process.platform === 'win32' && 'Windows lets a listening socket be in one process alone';
const module = new URL('../../../src/server/supervision/succession.js', import.meta.url).href;

/** A process that follows this one as its supervisor, does what the code says with `succession`, and says `up` first. */
async function follow(context: TestContext, code: string) {
  const script = `
    import { readSync } from 'node:fs';
    import { followSuccession } from '${module}';
    const succession = followSuccession(process, () => process.exit(9));
    process.stdout.write('up\\n');
    ${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['pipe', 'pipe', 'inherit', 'ipc'],
    env: { ...process.env, SLIPWAY_SOCKETS: JSON.stringify({ supervisor: process.pid, sockets: {} }) },
  });
  context.after(() => child.kill('SIGKILL'));
  const { stdin, stdout } = child;
  assert.ok(stdin !== null && stdout !== null);
  await once(stdout, 'data');
  return Object.assign(child, { stdin });
}

describe('a server that a supervisor started', { skip }, () => {
  it('serves on where that has ended while something is said to it', async (context) => {
    // It reads nothing of its channel before it speaks, so that it cannot know.
    const child = await follow(
      context,
      `readSync(0, Buffer.alloc(1));
      succession.tellHealth({ ready: true, state: 'ready', reasons: [] });
      setImmediate(() => process.exit(7));`,
    );
    child.disconnect();
    await once(child, 'disconnect');
    child.stdin.end('x');
    assert.deepEqual(await once(child, 'exit'), [7, null]);
  });

  it('leaves where it was told to before it was ready to hear that', async (context) => {
    const child = await follow(
      context,
      `process.once('message', () => setImmediate(() => {
        succession.onLeave(() => process.send({ leaves: true }));
        setImmediate(() => process.send({ end: true }));
      }));
      setInterval(() => undefined, 1000);`,
    );
    const heard: object[] = [];
    const ended = new Promise<void>((resolve) => {
      child.on('message', (said: object) => {
        heard.push(said);
        if ('end' in said) resolve();
      });
    });
    child.send({ tell: 'leave' });
    await ended;
    assert.deepEqual(heard, [{ leaves: true }, { hasLeft: true }, { end: true }]);
  });
});
