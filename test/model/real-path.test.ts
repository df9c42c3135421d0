import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, it, type TestContext } from 'node:test';
import { followLinks } from '../../src/model/containment.js';
import { realPath } from '../../src/model/real-path.js';

const folder = await realpath(await mkdtemp(join(tmpdir(), 'slipway-real-path-')));
after(() => rm(folder, { recursive: true }));

/** A process whose `/` holds at `folder`/seen what nobody else sees there; undefined where the system allows none. */
async function startHidden(context: TestContext): Promise<number | undefined> {
  const seen = join(folder, 'seen');
  await mkdir(join(seen), { recursive: true });
  const script = `mount -t tmpfs none "$1" && mkdir "$1/models" && echo hidden >"$1/models/real.onnx" && ln -s real.onnx "$1/models/model.onnx" && echo $$ && read _`;
  const child = spawn('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', script, 'sh', seen]);
  context.after(() => child.stdin.end());
  child.on('error', () => undefined);
  const [line] = (await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'close').catch(() => []),
  ])) as readonly unknown[];
  return typeof line === 'string' ? child.pid : undefined;
}

describe('a real path', () => {
  it('is what the system says of links, chains of them and folders behind them', async () => {
    await mkdir(join(folder, 'a', 'b'), { recursive: true });
    await writeFile(join(folder, 'a', 'b', 'file'), '');
    await symlink('a/b', join(folder, 'short'));
    await symlink(`${folder}/short/../b/file`, join(folder, 'long'));
    for (const path of ['short', 'long', 'a/b/file', 'short/../b']) {
      assert.equal(await realPath(`${folder}/${path}`), await realpath(`${folder}/${path}`), path);
    }
  });

  it('rejects what is not there and links that lead to themselves, as the system does', async () => {
    await symlink('loop', join(folder, 'loop'));
    await symlink('nowhere', join(folder, 'dangling'));
    await assert.rejects(realPath(join(folder, 'loop')), { code: 'ELOOP' });
    await assert.rejects(realPath(join(folder, 'dangling')), { code: 'ENOENT' });
    await assert.rejects(realPath(join(folder, 'absent')), { code: 'ENOENT' });
  });

  it("stays in another process's tree, whose root says of itself that it is /", async (context) => {
    const pid = await startHidden(context);
    if (pid === undefined) {
      context.skip('unshare may make no mount namespace here');
      return;
    }
    const root = `/proc/${pid}/root`;
    const models = join(folder, 'models');
    await symlink(join(root, folder, 'seen', 'models'), models);
    const real = join(root, folder, 'seen', 'models', 'real.onnx');
    await assert.rejects(realpath(join(models, 'model.onnx')), { code: 'ENOENT' });
    assert.equal(await realPath(join(models, 'model.onnx')), real);
    assert.deepEqual(await followLinks(join(models, 'model.onnx'), [models]), { kind: 'inside', path: real });
    assert.equal((await followLinks(join(models, 'model.onnx'), [join(folder, 'a')])).kind, 'outside');
  });
});
