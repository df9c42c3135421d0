import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';

interface Prune {
  findRoots(folder: string, known: readonly string[]): Promise<{ loaded: string[]; filesOnly: string[] }>;
  findClosure(modules: string, roots: readonly string[]): Promise<Set<string>>;
  prune(app: string): Promise<string>;
}
const prune = (await import(pathToFileURL(resolve('docker/prune.js')).href)) as Prune;
const app = await mkdtemp(join(tmpdir(), 'slipway-prune-'));
after(() => rm(app, { recursive: true }));

async function addPackage(path: string, manifest: object, files: readonly string[] = []): Promise<void> {
  const folder = join(app, 'node_modules', path);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  for (const file of files) await writeFile(join(folder, file), '');
}

describe('pruning an image', () => {
  it('keeps what the server loads, with its needs and licences, and drops the rest', async () => {
    await mkdir(join(app, 'dist/src/server'), { recursive: true });
    await mkdir(join(app, 'dist/src/launch/text'), { recursive: true });
    await writeFile(
      join(app, 'dist/src/server/main.js'),
      'import "web"; import "@s/images/raw"; r.resolve("pages/package.json")',
    );
    await writeFile(join(app, 'dist/src/launch/main.js'), 'import "engine-client"');
    await writeFile(join(app, 'dist/src/launch/text/table.js'), '');
    await mkdir(join(app, 'dist/joined/worker'), { recursive: true });
    await writeFile(join(app, 'dist/joined/worker/worker.js'), 'import "runtime"');
    await writeFile(
      join(app, 'package.json'),
      JSON.stringify({
        dependencies: { web: '1', '@s/images': '1', pages: '1', 'engine-client': '1', bundler: '1', runtime: '1' },
      }),
    );
    await addPackage('web', { dependencies: { words: '1' } }, [
      'index.js',
      'index.d.ts',
      'index.js.map',
      'README.md',
      'LICENSE.md',
    ]);
    await addPackage('web/node_modules/words', {});
    await addPackage('words', {});
    await addPackage('runtime', {});
    await addPackage('@s/images', { optionalDependencies: { '@s/native': '1', '@s/absent': '1' } });
    await addPackage('@s/native', {});
    await addPackage('@s/other', {});
    await addPackage('pages', { dependencies: { unused: '1' } }, ['page.html']);
    for (const name of ['unused', 'engine-client', 'bundler']) await addPackage(name, {});

    await prune.prune(app);
    const has = (path: string): boolean => existsSync(join(app, 'node_modules', path));
    for (const path of [
      'web/index.js',
      'web/LICENSE.md',
      'web/node_modules/words',
      '@s/images',
      '@s/native',
      'pages/page.html',
      'runtime',
    ]) {
      assert.ok(has(path), `${path} stays`);
    }
    for (const path of [
      'words',
      '@s/other',
      'unused',
      'engine-client',
      'bundler',
      'web/index.d.ts',
      'web/index.js.map',
      'web/README.md',
    ]) {
      assert.ok(!has(path), `${path} goes`);
    }
    assert.deepEqual(await readdir(join(app, 'dist/src/launch')), ['text']);
  });

  it('finds what this server loads', async () => {
    const sources = join(app, 'here');
    for (const room of ['server', 'engine', 'image', 'model', 'workers', 'protocol', 'repository']) {
      await cp(join('dist/src', room), join(sources, room), { recursive: true });
    }
    const known = ['fastify', 'sharp', 'onnxruntime-node', 'valibot', 'esbuild', 'dockerode', '@fastify/swagger-ui'];
    const roots = await prune.findRoots(sources, known);
    assert.deepEqual(roots.loaded, ['fastify', 'sharp', 'onnxruntime-node', 'valibot']);
    assert.deepEqual(roots.filesOnly, ['@fastify/swagger-ui']);
    const kept = await prune.findClosure(resolve('node_modules'), roots.loaded);
    assert.ok(kept.has(resolve('node_modules/onnxruntime-common')));
    assert.ok(!kept.has(resolve('node_modules/esbuild')));
  });
});
