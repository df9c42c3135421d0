import assert from 'node:assert/strict';
import files, { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { watchFiles, isUnchanged } from '../../src/repository/files/fingerprint.js';
import type { ModelRepository } from '../../src/repository/types.js';
import { writeOnnx } from '../../src/model/onnx/writer.js';
import { putModel } from '../support/models.js';
import { putExternalModel } from './external-model.js';
import { addsConstant, constantOf, useWorkplace } from './workplace.js';

const place = useWorkplace();
const { readdir } = files;

/** As deployments do it: a new link takes the place of the old one in one step. */
async function flip(link: string, target: string): Promise<void> {
  await symlink(target, `${link}.next`);
  await rename(`${link}.next`, link);
}

/** A cache as the Hugging Face hub's: files named by their hashes, and links with the names that a model needs. */
async function putHub(root: string, k: number): Promise<string> {
  const blobs = join(root, '.blobs');
  const { model, weights } = await putExternalModel(blobs, { k, location: 'model.onnx_data' });
  await rename(model, join(blobs, `m${k}`));
  await rename(weights, join(blobs, `w${k}`));
  const version = join(root, 'hub', '1');
  await mkdir(version, { recursive: true });
  await symlink(`../../.blobs/m${k}`, join(version, 'model.onnx'));
  await symlink(`../../.blobs/w${k}`, join(version, 'model.onnx_data'));
  return version;
}

function reasonOf(repository: ModelRepository, name: string): string {
  return repository.index().find((entry) => entry.name === name)?.reason ?? 'not listed';
}

describe('links in a repository', () => {
  it('find weights beside the link, beside its target, and along a chain of links', async () => {
    const root = await place.folder();
    await putHub(root, 3);
    const store = join(root, '.store');
    await putExternalModel(store, { k: 4, location: 'w.bin' });
    await mkdir(join(root, 'target', '1'), { recursive: true });
    await symlink('../../.store/model.onnx', join(root, 'target', '1', 'model.onnx'));
    const middle = join(root, '.middle');
    await mkdir(middle);
    await symlink('../.blobs/m3', join(middle, 'x.onnx'));
    await symlink('../.blobs/w3', join(middle, 'model.onnx_data'));
    await mkdir(join(root, 'chain'));
    await symlink(join(middle, 'x.onnx'), join(root, 'chain', 'model.onnx'));
    const repository = await place.open(root);
    const names = ['hub', 'target', 'chain'];
    assert.deepEqual(await Promise.all(names.map((name) => constantOf(repository.get(name)))), [3, 4, 3]);
  });

  it('are followed as folders too: of a model, of a version, of the repository', async () => {
    const root = await place.folder();
    const real = await place.folder();
    await putExternalModel(join(root, '.releases', 'r1', '1'), { k: 5, location: 'w.bin' });
    await symlink('.releases/r1', join(root, 'model'));
    await mkdir(join(root, 'version'));
    await symlink('../.releases/r1/1', join(root, 'version', '7'));
    await symlink(root, join(real, 'current'));
    const repository = await place.open(join(real, 'current'));
    assert.equal(await constantOf(repository.get('model')), 5);
    assert.equal(await constantOf(repository.get('version', '7')), 5);
  });

  it('lead out of the repository only into folders that were named, by whatever name', async () => {
    const [root, claim, blobs] = [await place.folder(), await place.folder(), await place.folder()];
    await putModel(claim, { name: '.', graph: addsConstant(6) });
    await symlink(claim, join(root, 'claim'));
    const { weights } = await putExternalModel(join(root, 'outside', '1'), { k: 7, location: 'w.bin' });
    await rename(weights, join(blobs, 'w7'));
    await symlink(join(blobs, 'w7'), weights);
    const refused = await place.open(root);
    assert.equal(
      reasonOf(refused, 'claim'),
      `it is a symbolic link that leads out of the model repository, to '${claim}'; put the files there, or start the server with --allow-links-to ${claim}`,
    );
    assert.match(reasonOf(refused, 'outside'), /weights in 'w\.bin' lead out of .*, to '.*w7'\. .*--allow-links-to/);
    assert.deepEqual(refused.ready(), []);
    await symlink(claim, `${claim}-link`);
    const allowed = await place.open(root, { allowLinksTo: [`${claim}-link`, `${blobs}/`, '/nowhere'] });
    assert.equal(await constantOf(allowed.get('claim')), 6);
    assert.equal(await constantOf(allowed.get('outside')), 7);
    await rm(`${claim}-link`);
  });

  it('do not take a folder whose name begins like an allowed one for it, nor ".." in the place of weights', async () => {
    const root = await place.folder();
    const allowed = await place.folder();
    await mkdir(`${allowed}-other`);
    await putModel(`${allowed}-other`, { name: '.', graph: addsConstant(1) });
    await symlink(`${allowed}-other`, join(root, 'm'));
    await mkdir(join(root, 'up', '1'), { recursive: true });
    await putExternalModel(join(root, 'up', '1'), { k: 1, location: '../w.bin' });
    const repository = await place.open(root, { allowLinksTo: [allowed] });
    assert.match(reasonOf(repository, 'm'), /leads out of the model repository/);
    assert.match(
      reasonOf(repository, 'up'),
      /keeps weights in '\.\.\/w\.bin'\. Expected a file in the model's own folder/,
    );
    await rm(`${allowed}-other`, { recursive: true });
  });

  it('that lead nowhere, or back to themselves, are listed with that reason, unless they are named like a document', async () => {
    const root = await place.folder();
    await symlink('/nowhere/claim', join(root, 'gone'));
    await symlink('round', join(root, 'round'));
    await symlink('/nowhere/README.md', join(root, 'README.md'));
    const version = await putHub(root, 2);
    await rm(join(root, '.blobs', 'w2'));
    await mkdir(join(root, 'nomodel', '1'), { recursive: true });
    await symlink('../../.blobs/none', join(root, 'nomodel', '1', 'model.onnx'));
    const repository = await place.open(root);
    assert.equal(reasonOf(repository, 'gone'), "it is a symbolic link to '/nowhere/claim', which is not there");
    assert.equal(reasonOf(repository, 'round'), 'it is a symbolic link that leads back to itself');
    assert.equal(reasonOf(repository, 'README.md'), 'not listed');
    assert.match(
      reasonOf(repository, 'nomodel'),
      /it is a symbolic link to '\.\.\/\.\.\/\.blobs\/none', which is not there$/,
    );
    assert.match(
      reasonOf(repository, 'hub'),
      /weights in 'model\.onnx_data' are a symbolic link to '.*w2', which is not there/,
    );
    await rm(join(version, 'model.onnx_data'));
    await writeFile(join(version, 'model.onnx_data'), new Float32Array(4096).fill(9));
    await repository.poll();
    assert.equal(await constantOf(repository.get('hub')), 9);
  });

  it('that change are noticed at the next look, wherever in the path they stand; the same bytes are not loaded again', async () => {
    const root = await place.folder();
    for (const k of [1, 2, 3]) await putExternalModel(join(root, '.releases', `r${k}`, '1'), { k, location: 'w.bin' });
    await putExternalModel(join(root, '.releases', 'again', '1'), { k: 2, location: 'w.bin' });
    await symlink('.releases/r1', join(root, 'm'));
    const repository = await place.open(root);
    assert.equal(await constantOf(repository.get('m')), 1);
    await flip(join(root, 'm'), '.releases/r2');
    await repository.poll();
    const second = repository.get('m');
    assert.equal(await constantOf(second), 2);
    await flip(join(root, 'm'), '.releases/again');
    await repository.poll();
    assert.equal(repository.get('m'), second);
    await flip(join(root, 'm'), '.releases/r3');
    await repository.poll();
    assert.equal(await constantOf(repository.get('m')), 3);
    await flip(join(root, 'm'), '.releases/gone');
    await repository.poll();
    assert.equal(await constantOf(repository.get('m')), 3);
    assert.match(reasonOf(repository, 'm'), /which is not there/);
  });

  it('of the repository itself may be turned to another release', async () => {
    const home = await place.folder();
    await putModel(join(home, 'r1'), { name: 'm', graph: addsConstant(1) });
    await putModel(join(home, 'r2'), { name: 'm', graph: addsConstant(2) });
    await symlink('r1', join(home, 'current'));
    const repository = await place.open(join(home, 'current'));
    await flip(join(home, 'current'), 'r2');
    await repository.poll();
    assert.equal(await constantOf(repository.get('m')), 2);
  });

  it('that turn while a folder is read, which is empty then, take no model away', async (context) => {
    const root = await place.folder();
    for (const name of ['.g1', '.g2']) await putModel(join(root, name), { name: 'm', graph: addsConstant(5) });
    await symlink('.g1', join(root, '.data'));
    await symlink('.data/m', join(root, 'm'));
    const repository = await place.open(root);
    const first = repository.get('m');
    let looks = 0;
    // A folder that was opened before it is removed reads as empty: this happens once, at the next look.
    context.mock.method(files, 'readdir', async (path: string, options: { readonly withFileTypes: true }) => {
      if (path !== join(root, 'm') || (looks += 1) > 1) return readdir(path, options);
      await flip(join(root, '.data'), '.g2');
      await rm(join(root, '.g1'), { recursive: true });
      return [];
    });
    syncBuiltinESMExports();
    await repository.poll();
    context.mock.restoreAll();
    syncBuiltinESMExports();
    assert.ok(looks > 1);
    assert.equal(repository.get('m'), first);
    await rm(join(root, '.g2'), { recursive: true });
    await repository.poll();
    assert.match(reasonOf(repository, 'm'), /which is not there/);
  });

  it('make a file that was read through them another one when they turn, as a load that is under way sees', async () => {
    const root = await place.folder();
    for (const name of ['a', 'b']) await writeFile(join(root, name), 'the same');
    await symlink('a', join(root, 'link'));
    const watch = await watchFiles([join(root, 'link')]);
    assert.equal(await isUnchanged(watch), true);
    await flip(join(root, 'link'), 'b');
    assert.equal(await isUnchanged(watch), false);
  });

  it('serve where no private copy can be made, weights beside the link or beside its target', async () => {
    const root = await place.folder();
    await putHub(root, 3);
    await putExternalModel(join(root, '.store'), { k: 4, location: 'w.bin' });
    await mkdir(join(root, 'target'));
    await symlink('../.store/model.onnx', join(root, 'target', 'model.onnx'));
    const repository = await place.open(root, { temporaryFolder: '/nonexistent' });
    assert.deepEqual(await Promise.all(['hub', 'target'].map((name) => constantOf(repository.get(name)))), [3, 4]);
    assert.match(repository.get('hub').notes.join(), /used in place/);
  });

  it('of model.json and of labels follow the same rule', async () => {
    const [root, outside] = [await place.folder(), await place.folder()];
    await writeFile(join(outside, 'config'), '{"description":"from outside"}');
    await writeFile(join(root, 'lone.onnx'), writeOnnx(addsConstant(1)));
    await putModel(root, { name: 'm', graph: addsConstant(1) });
    await symlink(join(outside, 'config'), join(root, 'm', 'model.json'));
    const refused = await place.open(root);
    assert.match(reasonOf(refused, 'm'), /model\.json: it is a symbolic link that leads out .*--allow-links-to/);
    const allowed = await place.open(root, { allowLinksTo: [outside] });
    assert.equal(allowed.get('m').description, 'from outside');
  });
});
