import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chown, mkdir, readdir, stat, statfs, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { writeOnnx } from '../../../src/model/onnx/writer.js';
import { openSnapshots } from '../../../src/repository/files/snapshot-folder.js';
import { putModel } from '../../support/models.js';
import { addsConstant, constantOf, useWorkplace } from '../workplace.js';

const place = useWorkplace();

describe('weights', () => {
  it('are loaded from the shared copy, so that the private one can go, and changes are still seen', async () => {
    const [root, folder, temporaryFolder] = [await place.folder(), await place.folder(), await place.folder()];
    const path = await putModel(root, { name: 'm', graph: addsConstant(1) });
    const repository = await place.open(root, {
      temporaryFolder,
      runner: await place.sharing(join(folder, 'cache')),
    });
    const model = repository.get('m');
    assert.equal(model.weights, 'shared by all workers from a new cache entry');
    assert.equal(await constantOf(model), 1);
    const [home] = await readdir(temporaryFolder);
    const [copy] = await readdir(join(temporaryFolder, home!));
    assert.deepEqual(await readdir(join(temporaryFolder, home!, copy!)), []);
    await utimes(path, 1, 1);
    await repository.poll();
    assert.equal(repository.get('m'), model, 'the same bytes were loaded again');
    await writeFile(path, writeOnnx(addsConstant(2)));
    await repository.poll();
    assert.equal(await constantOf(repository.get('m')), 2);
  });

  it('are told of where there is no folder for copies', async () => {
    const root = await place.folder();
    await putModel(root, { name: 'm', graph: addsConstant(1) });
    assert.equal((await place.open(root)).get('m').weights, 'no cache folder is set');
  });

  it('are loaded from the model itself where the shared copy cannot be, with the reason', async () => {
    const [root, folder] = [await place.folder(), join(await place.folder(), 'cache')];
    await putModel(root, { name: 'm', graph: addsConstant(1) });
    const runner = await place.sharing(folder);
    await (await place.open(root, { runner })).close();
    await spoilCopies(folder);
    const model = (await place.open(root, { runner })).get('m');
    assert.equal(await constantOf(model), 1);
    assert.match(model.weights, /^not shared: /);
  });
});

/** Puts bytes that are no model in the place of each copy, and says in its list that they belong there. */
async function spoilCopies(folder: string): Promise<void> {
  const bytes = Buffer.from('no model');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const lists = (await readdir(folder, { recursive: true })).filter((name) => basename(name) === 'manifest.json');
  assert.equal(lists.length, 1);
  for (const list of lists) {
    const entry = dirname(join(folder, list));
    await writeFile(join(entry, 'model.onnx'), bytes);
    const files = [{ name: 'model.onnx', bytes: bytes.length, sha256 }];
    await writeFile(join(entry, 'manifest.json'), JSON.stringify({ files }));
  }
}

describe('openSnapshots', () => {
  it('are not copied where they are larger than what the disk has left: a file of holes is refused at once', async () => {
    const [root, temporaryFolder] = [await place.folder(), await place.folder()];
    const path = await putModel(root, { name: 'holes', graph: addsConstant(1) });
    const { bavail, bsize } = await statfs(temporaryFolder);
    await writeFile(path, '');
    await truncate(path, bavail * bsize + 2 ** 34);
    const repository = await place.open(root, { temporaryFolder });
    assert.deepEqual(
      repository.index().map(({ name, state }) => `${name} ${state}`),
      ['holes UNAVAILABLE'],
    );
  });

  it('removes what ended processes left and nothing of living ones', async () => {
    const parent = await place.folder();
    const dead = join(parent, 'slipway-models-999999999-abc');
    const living = join(parent, `slipway-models-${process.ppid}-abc`);
    const ours = join(parent, `slipway-models-${process.pid}-abc`);
    const foreign = join(parent, 'something-else');
    for (const folder of [dead, living, ours, foreign]) await mkdir(folder);
    const snapshots = await openSnapshots(parent);
    const names = [living, ours, foreign, snapshots.path];
    for (const folder of names) assert.ok((await stat(folder)).isDirectory(), folder);
    assert.equal((await readdir(parent)).length, names.length);
    await snapshots.remove();
    assert.equal((await readdir(parent)).length, names.length - 1);
  });

  it('removes nothing of another user, no file and no link, and where no folder can be made names one that nobody can foretell', async (t) => {
    const parent = await place.folder();
    const [file, link] = ['file', 'link'].map((name) => join(parent, `slipway-models-999999999-${name}`));
    const target = join(parent, 'target');
    await mkdir(target);
    await writeFile(file ?? '', '');
    await symlink(target, link ?? '');
    const foreign = join(parent, 'slipway-models-999999999-foreign');
    if (process.getuid?.() === 0) {
      await mkdir(foreign);
      await chown(foreign, 65_534, 65_534);
    }
    const before = await readdir(parent);
    const snapshots = await openSnapshots(parent);
    await snapshots.remove();
    assert.deepEqual(await readdir(parent), before);
    const missing = join(parent, 'missing');
    const [one, other] = [await openSnapshots(missing), await openSnapshots(missing)];
    assert.notEqual(one.path, other.path);
    await assert.rejects(stat(one.path), { code: 'ENOENT' });
    if (process.getuid?.() !== 0) t.diagnostic('not root: no folder of another user could be made');
  });
});
