import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';

/** What a file of one line loads, where that is another file of the build. */
const joinedPattern = /^import '([^']*\/joined\/[^']+)';\n$/;

const files = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .map((name) => join(folder, name));

/** Paths of other files that a module starts or reads, relative to where it lies. */
const placesIn = (text: string): readonly string[] =>
  [...text.matchAll(/new URL\("([^"]+)", import\.meta\.url\)/g)].map(([, path = '']) => path);

describe('the build', () => {
  it('joins what the server and its threads and processes start with, and no file of programs for people', () => {
    const entries = files('dist/src').filter((path) => joinedPattern.test(readFileSync(path, 'utf8')));
    assert.deepEqual(entries.toSorted(), [
      'dist/src/engine/parent-watch.js',
      'dist/src/engine/probe/probe-process.js',
      'dist/src/engine/weights/weights-process.js',
      'dist/src/repository/loading/tokenizer-thread.js',
      'dist/src/repository/reading/graph-thread.js',
      'dist/src/server/backend/inline-watch-thread.js',
      'dist/src/server/codec/codec-thread.js',
      'dist/src/server/health-port/thread.js',
      'dist/src/server/main.js',
      'dist/src/workers/host/worker-process.js',
      'dist/src/workers/host/worker.js',
    ]);
    for (const path of entries) {
      const target = joinedPattern.exec(readFileSync(path, 'utf8'))?.[1] ?? '';
      assert.ok(existsSync(join(dirname(path), target)), `${path} loads ${target}`);
    }
  });

  it('keeps packages out of what it joins, so that they stay those that are installed', () => {
    const texts = files('dist/joined').map((path) => readFileSync(path, 'utf8'));
    assert.ok(texts.some((text) => /from "fastify"/.test(text)));
    for (const text of texts) assert.doesNotMatch(text, /^\/\/ .*node_modules\//m);
  });

  it('lets joined modules find files from where they were', () => {
    const found = files('dist/joined').flatMap((path) =>
      placesIn(readFileSync(path, 'utf8')).map((place) => join(dirname(path), place)),
    );
    assert.ok(found.includes('dist/src/playground/assets.js'), found.join());
    for (const path of found) assert.ok(existsSync(path), path);
  });
});
