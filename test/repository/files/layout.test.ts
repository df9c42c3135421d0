import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { scanRepository } from '../../../src/repository/files/layout.js';

let home = '';
before(async () => (home = await mkdtemp(join(tmpdir(), 'slipway-layout-'))));
after(() => rm(home, { recursive: true, force: true }));

/** A folder with empty files at the paths given; a path that ends in `/` is a folder. */
async function folderWith(...paths: readonly string[]): Promise<string> {
  const root = await mkdtemp(join(home, 'root-'));
  for (const path of paths) {
    const full = join(root, path);
    await mkdir(path.endsWith('/') ? full : dirname(full), { recursive: true });
    if (!path.endsWith('/')) await writeFile(full, '');
  }
  return root;
}

/** `name: versions` or `name: problem`, with paths below the root. */
async function scan(root: string): Promise<readonly string[]> {
  const models = await scanRepository(root);
  return models.map(({ name, versions, problem }) => {
    const parts = versions.map(({ version, path, problem }) => `${version}=${problem ?? path?.slice(root.length + 1)}`);
    return `${name}: ${problem ?? parts.join(' ')}`;
  });
}

/** What is said of the first version of each model, by its name. */
async function notesOf(root: string): Promise<Readonly<Record<string, readonly string[]>>> {
  const models = await scanRepository(root);
  return Object.fromEntries(models.map(({ name, versions }) => [name, versions[0]?.notes ?? []]));
}

describe('scanRepository', () => {
  it('finds models in all four layouts and orders versions by number', async () => {
    const root = await folderWith('a/2/model.onnx', 'a/10/model.onnx', 'b/model.onnx', 'c.onnx', 'd/onnx/model.onnx');
    assert.deepEqual(await scan(root), [
      'a: 2=a/2/model.onnx 10=a/10/model.onnx',
      'b: 1=b/model.onnx',
      'c: 1=c.onnx',
      'd: 1=d/onnx/model.onnx',
    ]);
  });

  it('skips hidden, temporary and foreign files, and folders that are no models', async () => {
    const paths = [
      '.git/model.onnx',
      '.a.onnx',
      'b.onnx.tmp',
      'b.onnx~',
      'c.part',
      'README.md',
      'data/x.csv',
      'empty/',
    ];
    assert.deepEqual(await scan(await folderWith(...paths)), []);
  });

  it('takes whole numbers from 1 as versions, with leading zeros as well, and names the others', async () => {
    const root = await folderWith(
      'a/1/model.onnx',
      'a/0/model.onnx',
      'a/1.5/model.onnx',
      'a/v2/NET.onnx',
      'a/notes/net.onnx',
      'b/01/model.onnx',
      'b/002/model.onnx',
      'c/1/model.onnx',
      'c/01/model.onnx',
      'd/v1/model.onnx',
      'e/latest/Model.onnx',
    );
    const where = (name: string) =>
      `expected '${name}/1/model.onnx', '${name}/model.onnx' or '${name}/onnx/model.onnx'`;
    assert.deepEqual(await scan(root), [
      'a: 1=a/1/model.onnx',
      'b: 1=b/01/model.onnx 2=b/002/model.onnx',
      "c: 1=the folders '01' and '1' are the same version 1; remove all but one",
      `d: no model file was found where one is looked for, but 'd/v1/model.onnx'; ${where('d')}`,
      `e: no model file was found where one is looked for, but 'e/latest/Model.onnx'; ${where('e')}`,
    ]);
    assert.deepEqual(await notesOf(root), {
      a: [
        "Not served, since versions are folders with whole numbers from 1: 0/model.onnx, 1.5/model.onnx, v2/NET.onnx in 'a'.",
      ],
      b: ["The folder '01' is version 1."],
      c: [],
      d: [],
      e: [],
    });
  });

  it('takes a model file in capitals, and a lone one of another name, and says so', async () => {
    const root = await folderWith(
      'a/1/MODEL.ONNX',
      'a/1/MODEL.ONNX.data',
      'b/net.v2.onnx',
      'c/onnx/model_quantized.onnx',
      'c/config.json',
      'D.ONNX',
      'e/Model.Onnx',
      'e/part.onnx',
    );
    assert.deepEqual(await scan(root), [
      'D: 1=D.ONNX',
      'a: 1=a/1/MODEL.ONNX',
      'b: 1=b/net.v2.onnx',
      'c: 1=c/onnx/model_quantized.onnx',
      'e: 1=e/Model.Onnx',
    ]);
    const taken = (path: string) => `The model file is '${path}': there is no model.onnx beside it.`;
    assert.deepEqual(await notesOf(root), {
      D: [],
      a: [taken('a/1/MODEL.ONNX')],
      b: [taken('b/net.v2.onnx')],
      c: [taken('c/onnx/model_quantized.onnx')],
      e: [taken('e/Model.Onnx'), "Not served, since Model.Onnx is: part.onnx in 'e'."],
    });
  });

  it('refuses several files of other names by name, and names those that model.onnx leaves aside', async () => {
    const root = await folderWith(
      'a/1/encoder.onnx',
      'a/1/decoder.onnx',
      'b/onnx/model_fp16.onnx',
      'b/onnx/model_q4.onnx',
      'c/onnx/model.onnx',
      'c/onnx/model_q4.onnx',
      'd/model.onnx',
      'd/1/model.onnx',
      'e/MODEL.onnx',
      'e/model.ONNX',
    );
    const several = (folder: string, names: string) =>
      `'${folder}' holds several ONNX files and none of them is model.onnx: ${names}; rename the one to serve, or give each a folder of its own`;
    assert.deepEqual(await scan(root), [
      `a: 1=${several('a/1', 'decoder.onnx, encoder.onnx')}`,
      `b: 1=${several('b/onnx', 'model_fp16.onnx, model_q4.onnx')}`,
      'c: 1=c/onnx/model.onnx',
      'd: 1=d/1/model.onnx',
      `e: 1=${several('e', 'MODEL.onnx, model.ONNX')}`,
    ]);
    const { c, d } = await notesOf(root);
    assert.deepEqual(c, ["Not served, since model.onnx is: model_q4.onnx in 'c/onnx'."]);
    assert.deepEqual(d, ["Not served, since there are version folders: model.onnx in 'd'."]);
  });

  it('looks into a folder that is named like the file, as other servers have it for weights in files of their own', async () => {
    const root = await folderWith('a/1/model.onnx/model.onnx', 'a/1/model.onnx/weights.bin');
    assert.deepEqual(await scan(root), ['a: 1=a/1/model.onnx/model.onnx']);
  });

  it('lists what looks like a model and is none, with the reason', async () => {
    const root = await folderWith(
      'a/1/net.bin',
      'c/model.json',
      'd/1/model.onnx/',
      'e.onnx',
      'e/model.onnx',
      'f.onnx',
      'f.ONNX',
    );
    assert.deepEqual(await scan(root), [
      "a: 1=the version folder '1' holds no file model.onnx, but net.bin: only ONNX files are served",
      "c: no model file was found; expected 'c/1/model.onnx', 'c/model.onnx' or 'c/onnx/model.onnx'",
      "d: 1=the version folder '1' holds no file model.onnx",
      "e: 'e' and 'e.onnx' are models of the same name; remove or rename all but one",
      "f: 'f.ONNX' and 'f.onnx' are models of the same name; remove or rename all but one",
    ]);
  });

  it('says that settings of other servers are not read, and names the files of models that it cannot serve', async () => {
    const root = await folderWith(
      'dense/config.pbtxt',
      'dense/1/model.onnx',
      'flat/model-settings.json',
      'flat/model.onnx',
      'iris/model-settings.json',
      'iris/model.joblib',
      'plan/config.pbtxt',
      'plan/1/model.plan',
      'plan/1/a\u202E.bin',
      'steps/config.pbtxt',
      'steps/1/',
    );
    const { dense, flat } = await notesOf(root);
    const note = (file: string, model: string) =>
      `Not read: ${file} in '${model}'; what it sets belongs in model.json (docs/migrating.md).`;
    assert.deepEqual([dense, flat], [[note('config.pbtxt', 'dense')], [note('model-settings.json', 'flat')]]);
    assert.deepEqual((await scan(root)).slice(2), [
      "iris: no model file was found, but model.joblib: only ONNX files are served; expected 'iris/1/model.onnx', 'iris/model.onnx' or 'iris/onnx/model.onnx'",
      "plan: 1=the version folder '1' holds no file model.onnx, but a\\u202e.bin and 1 more: only ONNX files are served",
      "steps: 1=the version folder '1' holds no file model.onnx",
    ]);
  });

  it('follows links inside the repository and refuses those that lead out of it', async () => {
    const outside = await folderWith('model.onnx');
    const root = await folderWith('real/1/model.onnx', 'file/1/', 'version/', 'loop/1/');
    await symlink('real', join(root, 'inside'));
    await symlink(outside, join(root, 'folder'));
    await symlink(join(outside, 'model.onnx'), join(root, 'lone.onnx'));
    await symlink(join(outside, 'model.onnx'), join(root, 'file', '1', 'model.onnx'));
    await symlink(outside, join(root, 'version', '1'));
    await symlink('model.onnx', join(root, 'loop', '1', 'model.onnx'));
    const refusedTo = (path: string) =>
      `it is a symbolic link that leads out of the model repository, to '${path}'; put the files there, or start the server with --allow-links-to ${outside}`;
    const [refused, refusedFile] = [refusedTo(outside), refusedTo(join(outside, 'model.onnx'))];
    const found = await scan(root);
    assert.match(
      found.find((line) => line.startsWith('loop'))!,
      /^loop: 1=it is a symbolic link that leads back to itself$/,
    );
    assert.deepEqual(
      found.filter((line) => !line.startsWith('loop')),
      [
        `file: 1=${refusedFile}`,
        `folder: ${refused}`,
        'inside: 1=inside/1/model.onnx',
        `lone: ${refusedFile}`,
        'real: 1=real/1/model.onnx',
        `version: 1=${refusedFile}`,
      ],
    );
  });

  it('may itself be reached by a link', async () => {
    const root = await folderWith('a.onnx');
    await symlink(root, `${root}-link`);
    assert.equal((await scanRepository(`${root}-link`))[0]?.versions[0]?.path, join(`${root}-link`, 'a.onnx'));
  });

  it('refuses names that cannot stand in a URL or a log line, and keeps unusual ones that can', async () => {
    const root = await folderWith(
      'a\nb.onnx',
      'd\u202ee.onnx',
      'f\u009bg.onnx',
      'c\\d.onnx',
      ' .onnx',
      'a..b.onnx',
      '100%.onnx',
      'größe.onnx',
    );
    const models = await scanRepository(root);
    const bad =
      'the name is blank or contains a backslash, a control character or one that changes the direction of writing; rename it';
    assert.deepEqual(
      models.map(({ name, problem }) => [name, problem]),
      [
        [' ', bad],
        ['100%', undefined],
        ['a..b', undefined],
        ['a\\u000ab', bad],
        ['c\\d', bad],
        ['d\\u202ee', bad],
        ['f\\u009bg', bad],
        ['größe', undefined],
      ],
    );
  });
});
