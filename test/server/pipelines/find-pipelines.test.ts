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
});
