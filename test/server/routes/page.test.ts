import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { sumAndDifference } from '../../support/models.js';
import { openTestServer, serveFor } from '../../support/server.js';

describe('the page on a server with a key', () => {
  let server: Awaited<ReturnType<typeof openTestServer>>;
  const get = (path: string, headers: Record<string, string> = {}) => fetch(`${server.url}${path}`, { headers });
  const withKey = { 'x-api-key': 'secret' };

  before(async () => {
    server = await openTestServer({ models: [{ name: 'm', graph: sumAndDifference }], keys: ['secret'] });
    await mkdir(join(server.folder, 'm', 'samples'));
    await writeFile(join(server.folder, 'm', 'samples', 'ones.json'), '{"inputs":[]}');
  });
  after(() => server.stop());

  it('opens without the key, which it asks for itself, and loads nothing from elsewhere', async () => {
    const page = await get('/');
    assert.equal(page.status, 200);
    assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.match(page.headers.get('content-security-policy') ?? '', /^default-src 'self'/);
    const files = [...(await page.text()).matchAll(/"(playground\/[\w./-]+)"/g)].map(([, path]) => path!);
    assert.ok(files.length >= 8);
    for (const path of files) assert.equal((await get(`/${path}`)).status, 200, path);
  });

  it('is not sent again to a browser that has it', async () => {
    const first = await get('/playground/app.js');
    const again = await get('/playground/app.js', { 'if-none-match': first.headers.get('etag')! });
    assert.equal(again.status, 304);
    assert.equal(again.headers.get('content-length'), String((await first.arrayBuffer()).byteLength));
    assert.equal(await again.text(), '');
  });

  it('offers samples with the key only', async () => {
    for (const path of ['/playground/samples/m', '/playground/samples/m/ones.json']) {
      assert.equal((await get(path)).status, 401, path);
      assert.equal((await get(path, withKey)).status, 200, path);
    }
    const list: unknown = await (await get('/playground/samples/m', withKey)).json();
    assert.deepEqual(list, { samples: [{ name: 'ones.json', kind: 'request' }] });
  });

  it('finds no file beside the samples and its own', async () => {
    const paths = [
      '/playground/samples/m/model.json',
      '/playground/samples/m/..%2Fmodel.json',
      '/playground/none.js',
      '/playground/input/none.js',
    ];
    for (const path of paths) assert.equal((await get(path, withKey)).status, 404, path);
    assert.equal((await get('/playground/samples/..%2Fm', withKey)).status, 400);
  });
});

describe('the page below a base path', () => {
  it('opens with and without the slash at the end, and so do its files', async (context) => {
    const { url } = await serveFor(context, { flags: ['--base-path', '/ml/one'] });
    const origin = new URL(url).origin;
    const page = await fetch(`${origin}/ml/one`);
    assert.equal(page.url, `${origin}/ml/one/`);
    assert.equal(page.status, 200);
    const [, script] = /src="(playground\/[\w.]+)"/.exec(await page.text()) ?? [];
    assert.equal((await fetch(new URL(script!, page.url))).status, 200);
  });
});
