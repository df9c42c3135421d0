import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { dirname, posix } from 'node:path';
import { describe, it } from 'node:test';
import { findAsset, pageHeaders } from '../../src/playground/index.js';

const names = await readdir('dist/src/playground/web', { recursive: true });
const files = names.filter((name) => name.includes('.')).map((name) => name.replaceAll('\\', '/'));
const textOf = async (path: string) => (await findAsset(path))?.body.toString() ?? '';

describe('the page', () => {
  it('is found with the type and tag of each of its files, and nothing beside them', async () => {
    const page = await findAsset('/');
    const script = await findAsset('/playground/app.js');
    assert.equal(page?.type, 'text/html; charset=utf-8');
    assert.equal(script?.type, 'text/javascript; charset=utf-8');
    assert.match(page.etag, /^"[\w-]{22}"$/);
    assert.notEqual(page.etag, script.etag);
    for (const path of [
      '/playground/../index.html',
      '/playground/',
      '/index.html',
      '/playground/constructor',
      '/playground/input',
      '/playground/camera.js',
    ]) {
      assert.equal(await findAsset(path), undefined, path);
    }
  });

  it('names only files that there are', async () => {
    const named = await Promise.all(
      files.map(async (file) => {
        const text = await textOf(file === 'index.html' ? '/' : `/playground/${file}`);
        const linked = [...text.matchAll(/"playground\/([\w./-]+)"/g)].map(([, name]) => name!);
        const imported = [...text.matchAll(/from '(\.[\w./-]+)'/g)].map(([, name]) => posix.join(dirname(file), name!));
        return [...linked, ...imported];
      }),
    );
    assert.ok(named.flat().length > 60, String(named.flat().length));
    assert.deepEqual(
      named.flat().filter((name) => !files.includes(name)),
      [],
    );
  });

  it('keeps to its own content security policy: no inline script or style, no other origin', async () => {
    const page = await textOf('/');
    assert.match(pageHeaders['content-security-policy']!, /^default-src 'self';/);
    assert.doesNotMatch(page, /<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
    for (const name of files.filter((name) => !name.endsWith('.svg') && name !== 'index.html')) {
      const foreign = (await textOf(`/playground/${name}`)).replaceAll('http://www.w3.org/2000/svg', '');
      assert.doesNotMatch(foreign, /https?:\/\/|\beval\(|\.innerHTML/, name);
    }
  });
});
