import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { temporaryFolder } from '../support/folder.js';

interface Component {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly 'bom-ref': string;
  readonly hashes?: readonly unknown[];
}

/** Writes files, given as text or as what becomes JSON, and lists what the image that they make holds. */
function list(files: Readonly<Record<string, string | object>>): readonly Component[] {
  const folder = temporaryFolder('sbom-');
  for (const part of ['body', 'below', 'above']) mkdirSync(join(folder, part));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
  const modules = ['below', 'above'].flatMap((part) => ['--modules', join(folder, part)]);
  const args = ['tools/sbom.js', '--body', join(folder, 'body'), ...modules];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return (JSON.parse(stdout) as { components: readonly Component[] }).components;
}

const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>;
};
const shown = (components: readonly Component[]): readonly string[] => components.map(({ purl }) => purl).sort();
const node = `pkg:generic/node@${process.versions.node}`;

describe('the list of what an image holds', () => {
  it('has packages of npm that are there, with the hashes of the lock file for the versions that it has', () => {
    const pino = { version: dependencies['pino'] };
    const components = list({
      'below/pino/package.json': pino,
      'below/@a/b/package.json': { version: '1.0.0' },
      'below/@a/b/node_modules/c/package.json': { version: '2.0.0' },
      'below/fastify/package.json': { version: '0.0.1' },
      'below/pino/lib/package.json': { version: '9.9.9' },
    });
    assert.deepEqual(shown(components), [
      node,
      'pkg:npm/%40a/b@1.0.0',
      'pkg:npm/c@2.0.0',
      'pkg:npm/fastify@0.0.1',
      `pkg:npm/pino@${pino.version}`,
    ]);
    const hashesOf = (name: string): number | undefined => components.find((one) => one.name === name)?.hashes?.length;
    assert.deepEqual(['pino', 'fastify', 'c'].map(hashesOf), [1, 0, 0]);
  });

  it('has of a package that another part lays itself over the version on top, and ONNX Runtime of that version', () => {
    const components = list({
      'below/onnxruntime-node/package.json': { version: '1.30.0' },
      'above/onnxruntime-node/package.json': { version: '1.26.0' },
    });
    assert.deepEqual(shown(components), [node, 'pkg:generic/onnxruntime@1.26.0', 'pkg:npm/onnxruntime-node@1.26.0']);
  });

  it('has the libraries in sharp’s package, by the names and versions that it states', () => {
    const components = list({
      'below/@img/sharp-libvips-linux-x64/package.json': { version: '1.2.3' },
      'below/@img/sharp-libvips-linux-x64/versions.json': { vips: '8.18.7', webp: '1.6.0' },
    });
    assert.deepEqual(shown(components).slice(0, 3), [
      'pkg:generic/node@' + process.versions.node,
      'pkg:generic/vips@8.18.7',
      'pkg:generic/webp@1.6.0',
    ]);
  });

  it('has the system’s packages as dpkg has them, installed or unpacked, and not those that were removed', () => {
    const installed = 'Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9+deb12u10\n';
    const removed = 'Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n';
    const components = list({
      'body/etc/os-release': 'PRETTY_NAME="Ubuntu 24.04"\nID=ubuntu\nVERSION_ID="24.04"\n',
      'body/var/lib/dpkg/status': `${installed}\n${removed}`,
      'body/var/lib/dpkg/status.d/tini': 'Package: tini\nVersion: 0.19.0-1\nArchitecture: arm64\n',
    });
    assert.deepEqual(shown(components), [
      'pkg:deb/ubuntu/libc6@2.36-9%2Bdeb12u10?arch=amd64&distro=ubuntu-24.04',
      'pkg:deb/ubuntu/tini@0.19.0-1?arch=arm64&distro=ubuntu-24.04',
      node,
    ]);
  });

  it('has NVIDIA’s wheels, which no package manager knows of', () => {
    const components = list({ 'body/usr/share/doc/nvidia/nvidia_cublas-13.0.2.14.txt': 'licence' });
    assert.deepEqual(shown(components), [node, 'pkg:pypi/nvidia-cublas@13.0.2.14']);
  });

  it('names nothing twice', () => {
    const components = list({
      'below/a/package.json': { version: '1.0.0' },
      'below/b/node_modules/a/package.json': { version: '1.0.0' },
      'below/b/package.json': { version: '1.0.0' },
    });
    const refs = components.map((one) => one['bom-ref']);
    assert.equal(new Set(refs).size, refs.length);
  });
});
