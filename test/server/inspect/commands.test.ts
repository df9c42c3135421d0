import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { before, describe, it } from 'node:test';
import { parseModelCommand } from '../../../src/server/settings/model-commands.js';
import { temporaryFolder } from '../../support/folder.js';

const folder = temporaryFolder('commands-');

/** A program of this checkout, by the name of its file. */
function run(program: 'slipway.cjs' | 'launch.js', ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [resolve('bin', program), ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

describe('the commands inspect and init', () => {
  before(async () => {
    await cp('models/digit-boxes/1', join(folder, 'boxes'), { recursive: true });
    await mkdir(join(folder, 'broken'));
    await writeFile(join(folder, 'broken', 'model.onnx'), 'no model');
  });

  it('say the same as slipway and as launch models, and end with a code that says whether a model is refused', () => {
    const [own, other] = [
      run('slipway.cjs', 'inspect', '.', '--json'),
      run('launch.js', 'models', 'inspect', '.', '--json'),
    ];
    assert.deepEqual([own.status, other.status, own.stderr, other.stderr], [4, 1, '', '']);
    assert.deepEqual(JSON.parse(own.stdout), JSON.parse(other.stdout));
    const { models } = JSON.parse(own.stdout) as {
      models: readonly { readonly name: string; readonly state: string }[];
    };
    assert.deepEqual(
      models.map(({ name, state }) => [name, state]),
      [
        ['boxes', 'servable'],
        ['broken', 'refused'],
      ],
    );
    const good = run('slipway.cjs', 'inspect', 'boxes');
    assert.deepEqual([good.status, good.stdout], [0, run('launch.js', 'models', 'inspect', 'boxes').stdout]);
    assert.match(good.stdout, /detection form +yolov8/);
  });

  it('write a model.json, name it on stdout, and refuse to write it again from either program', async () => {
    const file = join(folder, 'boxes', 'model.json');
    const first = run('launch.js', 'models', 'init', 'boxes');
    assert.deepEqual([first.status, first.stdout], [0, `${file}\n`]);
    assert.match(first.stderr, /Found in the model file's metadata/);
    assert.match(await readFile(file, 'utf8'), /^\{\n {2}"\$schema": "/);
    for (const again of [run('slipway.cjs', 'init', 'boxes'), run('launch.js', 'models', 'init', 'boxes')]) {
      assert.deepEqual([again.status, again.stdout], [2, '']);
      assert.match(again.stderr, /model\.json exists already/);
    }
    const forced = run('slipway.cjs', 'init', 'boxes', '--force', '--json');
    assert.equal(forced.status, 0);
    assert.equal((JSON.parse(forced.stdout) as { file: string }).file, file);
  });

  it('are known by their first word alone, take one path of this machine, and tell how to serve folders of their names', () => {
    assert.equal(parseModelCommand(['./inspect']), undefined);
    assert.equal(parseModelCommand(['--models', 'inspect']), undefined);
    assert.deepEqual(parseModelCommand(['inspect', 'a']), { kind: 'inspect', path: 'a', json: false });
    assert.deepEqual(parseModelCommand(['init', '--force', '--', '-a']), {
      kind: 'init',
      path: '-a',
      json: false,
      force: true,
    });
    for (const argv of [['inspect'], ['init', 'a', 'b'], ['inspect', 'a', '--force']])
      assert.throws(() => parseModelCommand(argv), { code: 'USAGE', message: /slipway \.\/in/ });
    assert.throws(() => parseModelCommand(['inspect', 'hf://a/b']), {
      code: 'USAGE',
      message: /launch models inspect hf:\/\/a\/b/,
    });
    assert.match((parseModelCommand(['init', '--help']) as { text: string }).text, /--force/);
  });
});
