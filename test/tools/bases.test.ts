import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { openBases, type Base } from './open-bases.js';
import { hexOf, standIn } from '../store/stand-in.js';

const platform = (text: string): object => ({ os: text.split('/')[0], architecture: text.split('/')[1] });

/** The manifest of an image's tag: an index of its platforms. */
const indexOf = ({ image, platforms }: Base, mark = ''): Buffer =>
  Buffer.from(
    JSON.stringify({ mark: `${image}${mark}`, manifests: platforms.map((one) => ({ platform: platform(one) })) }),
  );

/** A registry that gives a token to anybody, with one manifest for each path of `NAME/manifests/TAG`. */
async function registry(context: TestContext, manifests: Map<string, { bytes: Buffer; digest?: string }>) {
  const server = await standIn(context, (one, response) => {
    const url = new URL(one.url, 'http://x');
    if (url.pathname === '/token') return void response.end(JSON.stringify({ token: 'anybody' }));
    if (one.headers.authorization !== 'Bearer anybody') {
      const challenge = `Bearer realm="${server.url}/token",service="bases"`;
      return void response.writeHead(401, { 'www-authenticate': challenge }).end();
    }
    const found = manifests.get(url.pathname.replace('/v2/mirror/', ''));
    if (found === undefined) return void response.writeHead(404).end('{"errors":[{"message":"manifest unknown"}]}');
    response.setHeader('docker-content-digest', found.digest ?? `sha256:${hexOf(found.bytes)}`);
    return void response.end(found.bytes);
  });
  return server;
}

const pathOf = ({ image }: Base): string => {
  const [name = '', tag] = image.split(':');
  return `${name.includes('/') ? name : `library/${name}`}/manifests/${tag}`;
};

describe('the bases of the images', () => {
  it('are recorded, each that a file names, and pinned wherever a digest is known', async () => {
    const { run } = openBases();
    const { status, output } = await run('--check');
    assert.equal(status, 0, output);
  });

  it('are pinned to the digest of each tag in every file that names them, and renewed when it moves', async (context) => {
    const copy = openBases();
    const first = copy.bases();
    const manifests = new Map(first.map((base) => [pathOf(base), { bytes: indexOf(base) }]));
    const { host } = await registry(context, manifests);
    const from = ['--from', `${host}/mirror`];
    for (const mark of ['', 'moved']) {
      for (const base of first) manifests.set(pathOf(base), { bytes: indexOf(base, mark) });
      if (mark !== '') {
        const { status, output } = await copy.run('--current', ...from);
        assert.equal(status, 1);
        assert.match(output, /^debian:bookworm-slim: sha256:\w+ -> sha256:\w+$/m);
      }
      const { status, output } = await copy.run(...from);
      assert.equal(status, 0, output);
      const digests = new Map(first.map((base) => [base.image, `sha256:${hexOf(indexOf(base, mark))}`]));
      assert.deepEqual(new Map(copy.bases().map(({ image, digest }) => [image, digest])), digests);
      const node = `node:22-bookworm-slim@${digests.get('node:22-bookworm-slim')}`;
      for (const variant of ['cpu', 'gpu', 'cuda'])
        assert.ok(copy.read(`docker/Dockerfile.${variant}`).includes(`\nARG NODE_IMAGE=${node}\n`), variant);
      assert.ok(copy.read('docker/docker-bake.hcl').includes(`variable "NODE_IMAGE" { default = "${node}" }`));
      const cuda = `nvidia/cuda:13.0.2-base-ubuntu24.04@${digests.get('nvidia/cuda:13.0.2-base-ubuntu24.04')}`;
      assert.ok(copy.read('docker/Dockerfile.gpu').includes(`\nFROM \${CUDA_IMAGE:-${cuda}} AS base-13\n`));
      assert.ok(copy.read('.devcontainer/Dockerfile').includes(`FROM node:22-bookworm@sha256:`));
    }
    for (const flag of ['--check', '--current']) {
      const { status, output } = await copy.run(flag, ...from);
      assert.deepEqual([status, /not pinned/.test(output)], [0, false], output);
    }
  });

  it('are refused, and nothing changed, where a registry does not have them, has other bytes or lacks a platform', async (context) => {
    const copy = openBases();
    const before = copy.read('docker/Dockerfile.gpu');
    const bases = copy.bases();
    const [node, cuda] = [bases[0] as Base, bases[1] as Base];
    const manifests = new Map<string, { bytes: Buffer; digest?: string }>([
      [pathOf(node), { bytes: indexOf({ ...node, platforms: ['linux/amd64'] }) }],
      [pathOf(cuda), { bytes: indexOf(cuda), digest: `sha256:${'0'.repeat(64)}` }],
    ]);
    const { host } = await registry(context, manifests);
    const { status, output } = await copy.run('--from', `${host}/mirror`);
    assert.equal(status, 1);
    assert.match(output, /^node:22-bookworm-slim: not asked: .* is for linux\/amd64: expected linux\/arm64 as well$/m);
    assert.match(
      output,
      /^nvidia\/cuda:13\S+: not asked: .* the registry says sha256:0+, its manifest comes to sha256:\w+$/m,
    );
    assert.match(output, /^debian:bookworm-slim: not asked: .* 404 \(manifest unknown\)/m);
    assert.equal(copy.read('docker/Dockerfile.gpu'), before);
    assert.deepEqual(copy.bases(), bases);
  });

  it('that a file names and the record does not have are found, and the other way round', async () => {
    const copy = openBases();
    const text = copy.read('docker/Dockerfile.cuda');
    copy.write('docker/Dockerfile.cuda', text.replaceAll('debian:bookworm-slim', 'debian:trixie-slim'));
    copy.write(
      'docker/docker-bake.hcl',
      copy
        .read('docker/docker-bake.hcl')
        .replace('debian:bookworm-slim', 'debian:bookworm-slim@sha256:' + 'f'.repeat(64)),
    );
    const { status, output } = await copy.run('--check');
    assert.equal(status, 1);
    assert.match(
      output,
      /^docker\/Dockerfile\.cuda names debian:trixie-slim, which docker\/bases\.json does not have/m,
    );
    assert.match(output, /^docker\/docker-bake\.hcl names debian:bookworm-slim@sha256:f+, which/m);
  });
});
