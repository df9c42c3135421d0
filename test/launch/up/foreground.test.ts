import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { LaunchContext } from '../../../src/launch/context.js';
import type { Started } from '../../../src/launch/session/session.js';
import { takeCtrlC } from '../../../src/launch/up/foreground.js';
import { temporaryFolder } from '../../support/folder.js';
import { openStubEngine } from '../docker/stub-engine.js';

/** A Ctrl-C to press, and what is said and done. */
function open() {
  const said: string[] = [];
  let press = (): void => undefined;
  const context = {
    console: { note: (text: string) => said.push(text) },
    onSignal: (handler: () => void) => {
      press = handler;
      return () => undefined;
    },
  } as unknown as LaunchContext;
  const started = {
    stop: () => Promise.resolve(said.push('stop')),
    kill: () => Promise.resolve(said.push('kill')),
  } as unknown as Started;
  return { ctrlC: takeCtrlC(context), press: () => press(), said, started };
}

describe('Ctrl-C', () => {
  it('aborts a start that is not ready, and leaves at once the second time', async () => {
    const { ctrlC, press, said } = open();
    assert.equal(ctrlC.signal.aborted, false);
    press();
    assert.equal(ctrlC.signal.aborted, true);
    assert.deepEqual(said, ['stopping: what was begun is taken back; Ctrl-C again ends at once']);
    press();
    await assert.rejects(ctrlC.left, { code: 'SHUTTING_DOWN', message: /taken back\.\n {2}fix: launch ps -a/ });
    press();
  });

  it('drains a server that is ready, and kills it the second time', () => {
    const { ctrlC, press, said, started } = open();
    ctrlC.handOver(started);
    press();
    press();
    assert.deepEqual(said.slice(1), ['stop', 'kill']);
    assert.equal(ctrlC.signal.aborted, false);
  });

  it('drains a server that became ready after it', () => {
    const { ctrlC, press, said, started } = open();
    press();
    ctrlC.handOver(started);
    assert.equal(said.at(-1), 'stop');
    press();
    assert.equal(said.at(-1), 'kill');
  });

  it(
    'ends a launch twice pressed while the engine hangs, with 130',
    { skip: process.platform === 'win32' },
    async (context) => {
      let isAsked = (): void => undefined;
      const asked = new Promise<void>((resolve) => (isAsked = resolve));
      const path = await openStubEngine(context, () => isAsked());
      const main = fileURLToPath(new URL('../../../src/launch/main.js', import.meta.url));
      const env = { ...process.env, SLIPWAY_STATE_DIR: temporaryFolder('state-') };
      const child = spawn(process.execPath, [main, '--variant', 'cpu', '-H', `unix://${path}`], { env });
      context.after(() => child.kill('SIGKILL'));
      const ended = once(child, 'close');
      await asked;
      child.kill('SIGINT');
      let text = '';
      await new Promise<void>((resolve) => {
        child.stderr.setEncoding('utf8').on('data', (part: string) => {
          text += part;
          if (text.includes('taken back; Ctrl-C again ends at once\n')) resolve();
        });
      });
      child.kill('SIGINT');
      assert.deepEqual(await ended, [130, null]);
    },
  );
});
