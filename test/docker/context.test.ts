import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { listContext, parseDockerignore } from '../../src/launch/docker/build-context.js';
import { dockerfiles } from './dockerfile.js';

const rules = parseDockerignore(readFileSync('.dockerignore', 'utf8'));

describe('the build context', () => {
  it('holds what a Dockerfile copies, and no more than sources, models and build files', async () => {
    const sent = await listContext('.', rules);
    const isSent = (path: string): boolean => sent.some((name) => name === path || name.startsWith(`${path}/`));
    const folders = new Set(sent.map((path) => path.split('/')[0]));
    const allowed = [
      '.npmrc',
      'LICENSE',
      'bench',
      'bin',
      'docker',
      'models',
      'package-lock.json',
      'package.json',
      'src',
      'tools',
    ];
    assert.deepEqual([...folders].sort(), allowed);
    for (const { tree } of dockerfiles) {
      for (const copy of tree.getCOPYs().filter((copy) => !copy.getTextContent().includes('--from='))) {
        const paths = copy.getArguments().map((argument) => argument.getValue());
        // `package-lock.jso[n]`: a checkout has one of the two copies, an installed package the other.
        for (const path of paths.slice(0, -1)) assert.ok(path.endsWith(']') || isSent(path), `${path} is sent`);
      }
    }
  });

  it('leaves behind what trained or measured a model, tests, secrets and everything that is not named', () => {
    const left = [
      'bench/results/x.json',
      'bench/targets/container.ts',
      '.env',
      '.git/config',
      'node_modules/x',
      'dist/src',
      'test/a.ts',
      'models/digits/train.py',
      'id_rsa',
    ];
    for (const path of [...left, 'models/digits/held-out/digits.png', 'models/x/.cache', 'src/a/node_modules/b']) {
      assert.ok(rules.excludes(path), path);
    }
    for (const path of ['models/digits/1/model.onnx', 'models/digits/samples/0.png', 'src/server/main.ts']) {
      assert.ok(!rules.excludes(path), path);
    }
  });
});
