import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { findPipelines } from '../../../src/server/pipelines/find-pipelines.js';

let folder: string;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'slipway-pipelines-'))));
after(() => rm(folder, { recursive: true }));

describe('pipelines of a model repository', () => {
  it('are its folders with a pipeline.json; files, links to files and what has none are passed over', async () => {
    const [root, outside] = [join(folder, 'repository'), join(folder, 'outside')];
    const text = JSON.stringify({ steps: [{ name: 'found', model: 'faces' }] });
    for (const place of [join(root, 'whole'), join(root, 'model'), join(root, 'broken'), outside]) {
      await mkdir(place, { recursive: true });
    }
    await writeFile(join(root, 'whole', 'pipeline.json'), text);
    await writeFile(join(root, 'broken', 'pipeline.json'), '{');
    await writeFile(join(outside, 'pipeline.json'), text);
    await writeFile(join(root, 'trusted.json'), '{}');
    await symlink(join(root, 'trusted.json'), join(root, 'link-to-file'));
    await symlink(join(folder, 'nowhere'), join(root, 'link-to-nothing'));
    await symlink(outside, join(root, 'link-out'));
    const found = await findPipelines({ root, homes: [root] });
    assert.deepEqual(
      found.map((one) => [one.name, 'config' in one]),
      [
        ['broken', false],
        ['link-out', false],
        ['whole', true],
      ],
    );
    const [, out] = found;
    assert.match(
      out !== undefined && 'problem' in out ? out.problem : '',
      /^pipeline\.json: it is a symbolic link that leads out/,
    );
  });

  it('are read in UTF-16 where a byte order mark says so, and refused where characters would be lost', async () => {
    const root = join(folder, 'encodings');
    const text = JSON.stringify({ steps: [{ name: 'found', model: 'é' }] });
    const forms = { little: Buffer.from(`\uFEFF${text}`, 'utf16le'), wrong: Buffer.from(text, 'latin1') };
    for (const [name, bytes] of Object.entries(forms)) {
      await mkdir(join(root, name), { recursive: true });
      await writeFile(join(root, name, 'pipeline.json'), bytes);
    }
    const [little, wrong] = await findPipelines({ root, homes: [root] });
    assert.equal(little !== undefined && 'config' in little ? little.config.steps[0]?.model : little, 'é');
    assert.equal(
      wrong !== undefined && 'problem' in wrong ? wrong.problem : wrong,
      'pipeline.json cannot be read (it is not text in UTF-8: save it in that encoding)',
    );
  });
});
