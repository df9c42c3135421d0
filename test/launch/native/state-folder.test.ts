import assert from 'node:assert/strict';
import { chmod, chown, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openNative } from '../../../src/launch/native/runner.js';
import { stateFolderOf } from '../../../src/launch/native/state.js';

describe("the launcher's state folder", () => {
  it('is SLIPWAY_STATE_DIR, else below XDG_STATE_HOME, else in the home folder', () => {
    assert.equal(stateFolderOf({ SLIPWAY_STATE_DIR: '/a', XDG_STATE_HOME: '/x' }, '/h'), '/a');
    assert.equal(stateFolderOf({ XDG_STATE_HOME: '/x' }, '/h'), '/x/slipway');
    assert.equal(stateFolderOf({}, '/h'), '/h/.slipway');
  });

  it('is not used where another user decides what is started from it', async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'slipway-state-'));
    context.after(() => rm(folder, { recursive: true }));
    const request = {
      ...{ name: 'never', host: '127.0.0.1', port: 0, args: [], env: {}, cwd: folder, config: '', labels: {} },
      ...{ removeOnExit: false, restart: true, program: [process.execPath, '-e', ''] },
    };
    const refusedBy = async (state: string) => {
      const strict = openNative({
        env: { ...process.env, SLIPWAY_STATE_DIR: state },
        homeFolder: state,
        now: Date.now,
      });
      await assert.rejects(strict.start(request), {
        code: 'USAGE',
        message: /folder of native servers, .* belongs to user \d+ with mode \d+, .*SLIPWAY_STATE_DIR/,
      });
      assert.deepEqual(await readdir(join(state, 'native')), []);
    };
    const [open, foreign] = [join(folder, 'open'), join(folder, 'foreign')];
    for (const state of [open, foreign]) await mkdir(join(state, 'native'), { recursive: true, mode: 0o700 });
    await chmod(join(open, 'native'), 0o770);
    await refusedBy(open);
    // Only root can give a folder away.
    if (process.getuid?.() !== 0) return;
    await chown(join(foreign, 'native'), 65534, 65534);
    await refusedBy(foreign);
  });
});
