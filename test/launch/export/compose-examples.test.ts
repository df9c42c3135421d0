import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runLaunch } from '../../support/launch-cli.js';

const readme = readFileSync('examples/README.md', 'utf8');
const lines = [...readme.matchAll(/`launch (export compose [^`]+)`/g)].map(([, line]) => (line ?? '').split(' '));

describe('the examples', () => {
  it('are what their command lines write', async () => {
    // A folder beside examples/, so that paths come out the same.
    const folder = await mkdtemp('examples-test-');
    try {
      for (const words of lines) {
        const file = words.at(-1) ?? '';
        const args = words.map((word) => (word === file ? join(folder, file) : word.replace(/=\.\.$/, '=.')));
        const { code, stderr } = await runLaunch(args);
        assert.equal(code, 0, stderr);
        assert.equal(readFileSync(join(folder, file), 'utf8'), readFileSync(join('examples', file), 'utf8'), file);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
    const files = readdirSync('examples').filter((name) => name.endsWith('.yaml'));
    assert.deepEqual(lines.map((words) => words.at(-1)).sort(), files.sort());
  });

  it('refuse what cannot be written, with what to type instead', async () => {
    for (const [args, expected] of [
      [['export', 'compose', '--variant', 'tpu'], /--variant is "tpu"\. Expected one of cpu, gpu, cuda/],
      [['export', 'compose', '--gpus', 'all'], /--gpus needs an image with CUDA: add --variant gpu/],
      [['export', 'compose', '--port', '0'], /--port is "0"\. Expected a port from 1 to 65535/],
      [['export', 'compose', '-o', '/nowhere/at/all.yaml'], /--output \/nowhere\/at\/all\.yaml cannot be written/],
    ] as const) {
      const { code, stderr } = await runLaunch(args);
      assert.equal(code, 2);
      assert.match(stderr, expected);
    }
  });
});
