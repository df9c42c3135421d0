import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { before, describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { inspect } from '../../../src/server/inspect/inspect.js';
import type { Inspections } from '../../../src/server/inspect/types.js';
import { writeStarter } from '../../../src/server/inspect/starter.js';
import { temporaryFolder } from '../../support/folder.js';
import { putKinds } from './models.js';

const schema = resolve('docs/model.schema.json');
const folder = temporaryFolder('starter-');
const isValid = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(
  JSON.parse(await readFile(schema, 'utf8')) as object,
);

const options = { force: false, schema };
const init = (path: string, wish: Partial<typeof options> = {}) =>
  writeStarter(join(folder, path), { ...options, ...wish });
const servable = ({ models }: Inspections) => {
  const [one] = models.filter(({ state }) => state === 'servable');
  assert.equal(one?.state, 'servable');
  return one;
};

describe('slipway init', () => {
  before(() => putKinds(folder));

  for (const name of ['boxes', 'face', 'timm', 'texts', 'plain'] as const) {
    it(`writes for ${name} what was found beside it, valid for editors, and serves it as before`, async () => {
      const before = servable(await inspect(join(folder, name)));
      const { file, json } = await init(name);
      assert.equal(file, join(folder, name, 'model.json'));
      const text = await readFile(file, 'utf8');
      assert.ok(isValid(JSON.parse(text)), JSON.stringify(isValid.errors));
      assert.equal(await readFile(resolve(dirname(file), json.$schema ?? ''), 'utf8'), await readFile(schema, 'utf8'));
      const after = servable(await inspect(join(folder, name)));
      assert.deepEqual(after.model.properties, before.model.properties);
      assert.deepEqual(
        { ...after.config, $schema: undefined, description: undefined },
        { ...before.config, $schema: undefined, description: undefined },
      );
      assert.deepEqual(
        (await readdir(dirname(file))).filter((entry) => entry.startsWith('.')),
        [],
      );
    });
  }

  it('starts an image block for a model that could take images, and says what to set in it', async () => {
    const { json, notes } = await init('image');
    assert.deepEqual(json.image, { resize: { width: 16, height: 24 }, mean: [0, 0, 0], std: [1, 1, 1] });
    assert.match(notes.join('\n'), /set its sizes, mean and std to those of its training/);
    assert.equal(servable(await inspect(join(folder, 'image'))).model.properties?.['image_size'], '16x24');
  });

  it('writes short lists on one line, and labels with brackets, commas and quotes as they are', async () => {
    await init('face', { force: true });
    const text = await readFile(join(folder, 'face', 'model.json'), 'utf8');
    assert.match(text, /"mean": \[0\.5, 0\.25, 0\.125\],/);
    assert.match(text, /"labels": \["cat", "dog \\"the big\\"", "bird, small"\]/);
  });

  it('takes a file of a version for its model', async () => {
    const { file, notes } = await init('plain/2/model.onnx', { force: true });
    assert.equal(file, join(folder, 'plain', 'model.json'));
    assert.match(
      notes.join(),
      /applies to the folder .*plain, not to a file that is served by itself. Serve the folder: slipway .*plain$/,
    );
    assert.doesNotMatch((await init('plain', { force: true })).notes.join(), /applies to the folder/);
  });

  it('puts the schema beside the model, where a move or a commit takes it along, and leaves out what is not installed', async () => {
    const project = temporaryFolder('project-');
    await putKinds(project);
    const { json } = await writeStarter(join(project, 'boxes'), options);
    assert.equal(json.$schema, 'model.schema.json');
    const copy = join(project, 'boxes', 'model.schema.json');
    assert.equal(await readFile(copy, 'utf8'), await readFile(schema, 'utf8'));
    await writeFile(copy, '{}');
    await writeStarter(join(project, 'boxes'), { ...options, force: true });
    assert.equal(await readFile(copy, 'utf8'), await readFile(schema, 'utf8'));
    const kept = join(project, 'face', 'model.schema.json');
    await writeFile(kept, '{"title":"another"}');
    await writeStarter(join(project, 'face'), options);
    assert.equal(await readFile(kept, 'utf8'), '{"title":"another"}');
    const without = await writeStarter(join(project, 'timm'), { ...options, schema: join(project, 'none.json') });
    assert.equal(without.json.$schema, undefined);
    assert.ok(!(await readdir(join(project, 'timm'))).includes('model.schema.json'));
  });

  it('never takes the place of a model.json unless it is told to, also of one that is wrong or a link to nothing', async () => {
    const file = join(folder, 'misspelt', 'model.json');
    const before = await readFile(file, 'utf8');
    await assert.rejects(init('misspelt'), { code: 'USAGE', message: /model\.json exists already.*--force/ });
    assert.equal(await readFile(file, 'utf8'), before);
    await init('misspelt', { force: true });
    assert.equal(servable(await inspect(join(folder, 'misspelt'))).name, 'misspelt');
  });

  it('says which file cannot be written, and why', async () => {
    const project = temporaryFolder('project-');
    await putKinds(project);
    const file = join(project, 'boxes', 'model.json');
    await rm(file, { force: true });
    await mkdir(join(file, 'full'), { recursive: true });
    const message = /boxes\/model\.json cannot be written: [A-Z]+: /;
    await assert.rejects(writeStarter(join(project, 'boxes'), { ...options, force: true }), { code: 'USAGE', message });
    assert.ok(!(await readdir(join(project, 'boxes'))).some((name) => name.endsWith('.part')));
  });

  it('writes into a folder whose one ONNX file has another name, as for that file itself', async () => {
    for (const path of ['renamed', 'renamed/other.onnx']) {
      await rm(join(folder, 'renamed'), { recursive: true, force: true });
      await mkdir(join(folder, 'renamed'));
      await copyFile(join(folder, 'alone.onnx'), join(folder, 'renamed/other.onnx'));
      const { file } = await init(path);
      assert.equal(file, join(folder, 'renamed/model.json'));
      assert.equal(servable(await inspect(join(folder, 'renamed'))).name, 'renamed');
    }
    await rm(join(folder, 'renamed'), { recursive: true });
  });

  const refusals: readonly (readonly [path: string, code: string, message: RegExp])[] = [
    ['', 'USAGE', /holds several models: .*boxes.*Name the folder of one of them/],
    [
      'alone.onnx',
      'USAGE',
      /a single file cannot have a model\.json.*mkdir alone && mv alone\.onnx alone\/model\.onnx/,
    ],
    ['broken.onnx', 'USAGE', /a single file cannot have a model\.json/],
    ['cut', 'MODEL_INVALID', /^No model\.json is written: The model file cannot be read/],
    ['several', 'USAGE', /holds several models: a, b/],
    ['nothing', 'NOT_FOUND', /cannot be read/],
  ];
  for (const [path, code, message] of refusals)
    it(`refuses '${path}' and writes nothing`, async () => {
      const before = await readdir(folder, { recursive: true });
      await assert.rejects(init(path), { code, message });
      assert.deepEqual(await readdir(folder, { recursive: true }), before);
    });
});
