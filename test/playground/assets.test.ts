import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { findAsset, pageHeaders } from '../../src/playground/index.js';

const files = await readdir('dist/src/playground/web');
const textOf = async (path: string) => (await findAsset(path))?.body.toString() ?? '';

describe('the page', () => {
  it('is found with the type and tag of each of its files, and nothing beside them', async () => {
    const page = await findAsset('/');
    const script = await findAsset('/playground/app.js');
    assert.equal(page?.type, 'text/html; charset=utf-8');
    assert.equal(script?.type, 'text/javascript; charset=utf-8');
    assert.match(page.etag, /^"[\w-]{22}"$/);
    assert.notEqual(page.etag, script.etag);
    for (const path of ['/playground/../index.html', '/playground/', '/index.html', '/playground/constructor']) {
      assert.equal(await findAsset(path), undefined, path);
    }
  });

  it('names only files that there are', async () => {
    const texts = await Promise.all(files.map((name) => textOf(name === 'index.html' ? '/' : `/playground/${name}`)));
    const named = texts.flatMap((text) => [...text.matchAll(/(?:"playground\/|from '\.\/)([\w.-]+)['"]/g)]);
    assert.ok(named.length > 10);
    assert.deepEqual(
      named.map(([, name]) => name!).filter((name) => !files.includes(name)),
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
