import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
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

  it('take mounts and arguments for every server, and warn of servers that others reach without a key', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'compose-'));
    try {
      await mkdir(join(folder, 'certs'));
      const args = ['export', 'compose', 'a', '--mount', `${folder}/certs:/certs:ro`, '-v', '/etc/ssl:/ssl'];
      const file = join(folder, 'compose.yaml');
      const { code, stderr } = await runLaunch([...args, '--ip', '0.0.0.0', '-o', file, '--', '--grpc-port', '8001']);
      assert.equal(code, 0, stderr);
      assert.match(stderr, /other machines reach this server at 0\.0\.0\.0, and it needs no API key/);
      const { services } = parse(readFileSync(file, 'utf8')) as { services: Record<string, Record<string, unknown>> };
      assert.deepEqual(services['a']?.['command'], ['--grpc-port', '8001']);
      assert.deepEqual(services['a']['ports'], ['0.0.0.0:8000:8000', '0.0.0.0:8001:8001']);
      const mounted = services['a']['volumes'] as readonly { source: string; bind: object }[];
      assert.deepEqual(
        mounted.map(({ source, bind }) => [source, bind]),
        [
          ['./certs', { create_host_path: false }],
          ['/etc/ssl', { create_host_path: true }],
        ],
      );
      const keys = await runLaunch(['export', 'compose', '--ip', '0.0.0.0', '-e', 'SLIPWAY_API_KEYS=k']);
      assert.doesNotMatch(keys.stderr, /asks nobody/);
    } finally {
      await rm(folder, { recursive: true });
    }
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
