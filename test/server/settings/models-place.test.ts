import assert from 'node:assert/strict';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { writeOnnx } from '../../../src/model/onnx/writer.js';
import { findModelsPlace, findNamedModel } from '../../../src/server/settings/models-place.js';
import { putExternalModel } from '../../repository/external-model.js';
import { sumAndDifference } from '../../support/models.js';
import { folderWith, startProcess, urlOf } from '../../support/server-process.js';

async function put(folder: string, ...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), path.endsWith('.onnx') ? writeOnnx(sumAndDifference) : '{}');
  }
}

async function askServed(
  context: TestContext,
  path: string,
  ...flags: readonly string[]
): Promise<{ url: string; index: unknown }> {
  const server = startProcess(context, path, ...flags);
  const url = urlOf(await server.until(/ready in|not ready/));
  const response = await fetch(`${url}/v2/repository/index`, { method: 'POST', body: '{}' });
  const entries = (await response.json()) as readonly { readonly name: string; readonly state: string }[];
  return { url, index: entries.map(({ name, state }) => [name, state]) };
}

describe('a path given to the server', () => {
  it('is a repository unless it is one model: a file, versions, model.onnx alone, or a file with what belongs to one model beside it', async (context) => {
    const folder = await folderWith(context);
    await put(folder, 'lone/model.onnx', 'lone/model.json', 'versions/1/model.onnx', 'versions/20/model.onnx');
    await put(folder, 'named/other.onnx', 'named/model.onnx', 'mixed/1/model.onnx', 'mixed/b/1/model.onnx');
    await put(folder, 'numbers/1/1/model.onnx', 'empty/readme.txt', 'a.b.onnx');
    await put(folder, 'exported/onnx/model.onnx', 'exported/config.json', 'face/ultra.onnx', 'face/model.json');
    await put(
      folder,
      'plain/onnx/model.onnx',
      'zeros/01/model.onnx',
      'B.ONNX',
      'two/a.onnx',
      'two/b.onnx',
      'two/config.json',
    );
    const read = async (name: string) => {
      const { root, only } = await findModelsPlace(join(folder, name));
      return [root.slice(folder.length), only];
    };
    for (const one of ['lone', 'versions', 'a.b.onnx', 'exported', 'face', 'zeros', 'B.ONNX'])
      assert.deepEqual(await read(one), ['', one]);
    for (const many of ['named', 'mixed', 'numbers', 'empty', 'absent', 'plain', 'two'])
      assert.deepEqual(await read(many), [`/${many}`, undefined]);
  });

  it('is refused with what was expected where it is a file that is no model, or a model file that is not there', async (context) => {
    const folder = await folderWith(context);
    await put(folder, 'labels.txt');
    const expected = { code: 'USAGE', message: /labels\.txt is not a model\. Expected a file NAME\.onnx, or a folder/ };
    await assert.rejects(findModelsPlace(join(folder, 'labels.txt')), expected);
    const absent = { code: 'USAGE', message: /There is no model file .*x\.onnx\. Expected NAME\.onnx/ };
    await assert.rejects(findModelsPlace(join(folder, 'x.onnx')), absent);
  });

  it('serves one file by its name with the weights beside it, and nothing else of its folder', async (context) => {
    const folder = await folderWith(context);
    const { model } = await putExternalModel(folder, { k: -7.5, location: 'weights.data' });
    await rename(model, join(folder, 'mine.v2.onnx'));
    await put(folder, 'other.onnx', 'third/1/model.onnx', 'third/samples/x.json');
    const { url, index } = await askServed(context, join(folder, 'mine.v2.onnx'));
    assert.deepEqual(index, [['mine.v2', 'READY']]);
    const inputs = [{ name: 'X', datatype: 'FP32', shape: [2, 4], data: [0, 1, -2, 1e6, 7.5, 0.25, 3, 4] }];
    const answer = await fetch(`${url}/v2/models/mine.v2/infer`, { method: 'POST', body: JSON.stringify({ inputs }) });
    const { outputs } = (await answer.json()) as { outputs: readonly { data: unknown }[] };
    assert.deepEqual(outputs[0]?.data, [-7.5, -6.5, -9.5, 999992.5, 0, -7.25, -4.5, -3.5]);
    const load = await fetch(`${url}/v2/repository/models/other/load`, { method: 'POST', body: '{}' });
    assert.equal(load.status, 404);
    const samples = await fetch(`${url}/playground/samples/third`);
    assert.deepEqual(await samples.json(), { samples: [] });
  });

  it('serves the folder of one model by its name, and a link to a file elsewhere by the name of the link', async (context) => {
    const folder = await folderWith(context);
    const { model } = await putExternalModel(join(folder, 'blobs'), { k: 3, location: 'w.data' });
    await put(folder, 'one/2/model.onnx', 'one/model.json');
    await mkdir(join(folder, 'links'));
    await symlink(model, join(folder, 'links', 'linked.onnx'));
    assert.deepEqual((await askServed(context, join(folder, 'one'))).index, [['one', 'READY']]);
    assert.deepEqual((await askServed(context, join(folder, 'links/linked.onnx'))).index, [['linked', 'READY']]);
  });

  it('serves one model under another name: a file, a folder, and a repository that holds one, with its samples', async (context) => {
    const folder = await folderWith(context);
    await put(
      folder,
      'one/2/model.onnx',
      'repository/inner/1/model.onnx',
      'repository/inner/samples/x.json',
      'file.onnx',
    );
    for (const path of ['one', 'repository', 'file.onnx']) {
      const { url, index } = await askServed(context, join(folder, path), '--model-name', 'my-model');
      assert.deepEqual(index, [['my-model', 'READY']], path);
      const answer = await fetch(`${url}/v2/models/my-model`);
      assert.equal(answer.status, 200, path);
      const samples = await fetch(`${url}/playground/samples/my-model`);
      assert.equal(JSON.stringify(await samples.json()).includes('x.json'), path === 'repository');
    }
  });

  it('refuses a name for several models, for none, and one that is none', async (context) => {
    const folder = await folderWith(context);
    await put(folder, 'a/model.onnx', 'b.onnx', 'empty/readme.txt');
    const refused = (path: string, name: string, message: RegExp) =>
      assert.rejects(findNamedModel(join(folder, path), name), { code: 'USAGE', message });
    await refused('.', 'x', /--model-name x names one model, but .* holds several: a, b/);
    await refused('empty', 'x', /holds no model/);
    for (const name of ['a/b', '..', ' ', 'a\\b']) await refused('b.onnx', name, /expected a name without/);
  });
});
