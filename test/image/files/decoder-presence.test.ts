import assert from 'node:assert/strict';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { isDecoderInstalled } from '../../../src/image/files/decoder-presence.js';
import { temporaryFolder } from '../../support/folder.js';

const folder = temporaryFolder('decoder-');

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

/** The same question, asked from where another installation is found. */
async function ask(name: string): Promise<boolean> {
  const copy = join(folder, `${name}.mjs`);
  await copyFile('dist/src/image/files/decoder-presence.js', copy);
  const { isDecoderInstalled: isThere } = (await import(pathToFileURL(copy).href)) as {
    isDecoderInstalled: () => boolean;
  };
  return isThere();
}

describe("the image library's code for this platform", () => {
  it('is here, where tests decode images', () => {
    assert.equal(isDecoderInstalled(), true);
  });

  it('is missed where the library is there without it', async () => {
    const names = ['@img/sharp-libvips-nowhere-x64', '@img/sharp-nowhere-x64'];
    const manifest = { name: 'sharp', optionalDependencies: Object.fromEntries(names.map((name) => [name, '1.0.0'])) };
    await put('node_modules/sharp/package.json', JSON.stringify({ ...manifest, main: './dist/index.cjs' }));
    await put('node_modules/sharp/dist/index.cjs', 'throw new Error("loaded")');
    await put('node_modules/@img/sharp-libvips-nowhere-x64/package.json', '{}');
    assert.equal(await ask('without-code'), false);
    await put('node_modules/@img/sharp-nowhere-x64/sharp.node', '');
    assert.equal(await ask('with-code'), true);
  });
});
