import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { listSamples, readSample } from '../../src/playground/index.js';

describe('samples of a model', () => {
  let root: string;

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'slipway-samples-'));
    await mkdir(join(root, 'models', 'digits', 'samples'), { recursive: true });
    await mkdir(join(root, 'models', 'bare'));
    await mkdir(join(root, 'secret', 'samples'), { recursive: true });
    const samples = join(root, 'models', 'digits', 'samples');
    await writeFile(join(root, 'secret', 'samples', 'key.png'), 'secret');
    await writeFile(join(samples, 'b.json'), '{}');
    await writeFile(join(samples, 'a.PNG'), 'image');
    await writeFile(join(samples, 'notes.txt'), 'not a sample');
    await writeFile(join(samples, 'huge.png'), Buffer.alloc((4 << 20) + 1));
    await symlink(join(root, 'secret', 'samples', 'key.png'), join(samples, 'link.png'));
    await symlink(join(root, 'secret'), join(root, 'models', 'linked'));
  });
  after(() => rm(root, { recursive: true }));

  it('are its images and requests, by name, without links, other files and large ones', async () => {
    assert.deepEqual(await listSamples(join(root, 'models'), 'digits'), [
      { name: 'a.PNG', kind: 'picture' },
      { name: 'b.json', kind: 'request' },
    ]);
  });

  it('are none where the model has no folder of them', async () => {
    for (const model of ['bare', 'unknown', 'linked', '..', '', '../secret', 'digits/samples/..']) {
      assert.deepEqual(await listSamples(join(root, 'models'), model), [], model);
    }
  });

  it('are read with their type, and nothing else is', async () => {
    const repository = join(root, 'models');
    const image = await readSample(repository, { model: 'digits', name: 'a.PNG' });
    assert.deepEqual([image?.type, image?.body.toString()], ['image/png', 'image']);
    assert.match(image?.etag ?? '', /^"[\w-]{22}"$/);
    for (const name of ['link.png', 'notes.txt', '../model.json', '']) {
      assert.equal(await readSample(repository, { model: 'digits', name }), undefined, name);
    }
  });
});
