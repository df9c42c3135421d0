import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { before, describe, it } from 'node:test';
import { scanRepository } from '../../../src/repository/files/layout.js';
import { temporaryFolder } from '../../support/folder.js';

const root = temporaryFolder('lone-file-');

/** What is said of a file that is named by itself. */
async function notesOn(path: string): Promise<readonly string[] | undefined> {
  const [model] = await scanRepository(join(root, dirname(path)), ['/'], { only: basename(path) });
  return model?.versions[0]?.notes;
}

const left = (files: string, folder: string) => [
  `Not read, since the file alone was named: ${files} in '${folder}'. Name that folder to use them.`,
];

describe('a model file that is named by itself', () => {
  before(async () => {
    const own = ['model.json', 'own/model.json', 'own/config.json', 'own/my.onnx', 'plain/model.onnx', 'plain/a.json'];
    const deeper = ['versions/model.json', 'versions/2/model.onnx', 'hub/tokenizer.json', 'hub/onnx/model.onnx'];
    for (const path of [...own, ...deeper, 'shared/model.json', 'shared/a.onnx', 'shared/b.onnx']) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), '');
    }
  });

  it('says which settings of its folder are left aside, beside it and around its version', async () => {
    assert.deepEqual(await notesOn('own/my.onnx'), left('model.json, config.json', 'own'));
    assert.deepEqual(await notesOn('versions/2/model.onnx'), left('model.json', 'versions'));
    assert.deepEqual(await notesOn('hub/onnx/model.onnx'), left('tokenizer.json', 'hub'));
  });

  it('says nothing where there are none, or where they are not of this file alone', async () => {
    assert.equal(await notesOn('plain/model.onnx'), undefined);
    assert.equal(await notesOn('shared/a.onnx'), undefined);
    const [found] = await scanRepository(join(root, 'own'));
    assert.deepEqual([found?.name, found?.versions[0]?.notes], ['my', undefined]);
  });
});
