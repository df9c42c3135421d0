import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { findBuildPlace } from '../../../src/launch/images/own-image.js';
import { temporaryFolder } from '../../support/folder.js';

const cwd = temporaryFolder('own-');
for (const folder of ['app', 'app/docker', 'empty', 'docker']) mkdirSync(join(cwd, folder), { recursive: true });
for (const file of ['app/Dockerfile', 'app/docker/Dockerfile.gpu', 'docker/Dockerfile.cpu'])
  writeFileSync(join(cwd, file), 'FROM scratch\n');
const at = (path: string): string => join(cwd, path);

describe("a user's own Dockerfile", () => {
  it('is a file built from the working folder, or a folder that is its own context', async () => {
    for (const [own, dockerfile, context] of [
      [{ dockerfile: 'docker/Dockerfile.cpu' }, 'docker/Dockerfile.cpu', '.'],
      [{ dockerfile: './app' }, 'app/Dockerfile', 'app'],
      [{ context: 'app' }, 'app/Dockerfile', 'app'],
      [{ dockerfile: at('app'), context: '.' }, 'app/Dockerfile', '.'],
      [{ dockerfile: 'docker/Dockerfile.gpu', context: 'app' }, 'app/docker/Dockerfile.gpu', 'app'],
      [{ dockerfile: 'docker/Dockerfile.cpu', context: 'app' }, 'docker/Dockerfile.cpu', 'app'],
    ] as const)
      assert.deepEqual(await findBuildPlace(own, cwd), { dockerfile: at(dockerfile), context: join(cwd, context) });
  });

  it('is refused by its places where it is nowhere', async () => {
    for (const [own, says] of [
      [{ dockerfile: 'empty' }, /no Dockerfile at .*empty\. Name the file/],
      [{ dockerfile: 'none', context: 'app' }, /at .*none or .*app\/none\./],
      [{ context: 'nowhere' }, /there is no folder .*nowhere/],
      [{ context: 'app/Dockerfile' }, /there is no folder/],
    ] as const)
      await assert.rejects(findBuildPlace(own, cwd), { code: 'USAGE', message: says });
  });
});
