import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type tar from 'tar-stream';
import { writeOnnx } from '../../src/model/onnx/writer.js';
import { parseChallenge } from '../../src/store/oci/registry.js';
import { pull } from '../../src/store/pull.js';
import { push } from '../../src/store/push.js';
import { temporaryFolder } from '../support/folder.js';
import { putModel, sumAndDifference } from '../support/models.js';
import { put, registry, tarOf } from './registry-stand-in.js';
import { events, hexOf, worldWith } from './stand-in.js';

const bytes = Buffer.from(writeOnnx(sumAndDifference));
const imageLayer = 'application/vnd.oci.image.layer.v1.tar+gzip';

describe('a model in a registry', () => {
  it('goes there as a ModelPack artifact and comes back the same, with the docker config’s credentials for a token', async (context) => {
    const store = await registry(context);
    const folder = temporaryFolder('push-');
    await putModel(folder, { name: 'digits', graph: sumAndDifference, config: { description: 'sums' } });
    const { pinned, files } = await push(join(folder, 'digits'), {
      location: store.at(':v1'),
      form: 'modelpack',
      world: store.world,
      events: events(),
    });
    assert.match(pinned, /^oci:\/\/127\.0\.0\.1:\d+\/team\/net@sha256:[0-9a-f]{64}$/);
    const manifest = JSON.parse(store.manifests.get('v1')?.bytes.toString() ?? '') as {
      artifactType: string;
      config: { mediaType: string };
      layers: { mediaType: string; annotations: Record<string, string> }[];
    };
    assert.equal(manifest.artifactType, 'application/vnd.cncf.model.manifest.v1+json');
    assert.equal(manifest.config.mediaType, 'application/vnd.cncf.model.config.v1+json');
    assert.deepEqual(
      manifest.layers.map(({ mediaType, annotations }) => [annotations['org.cncf.model.filepath'], mediaType]).sort(),
      files
        .map(({ path }) => [path, `application/vnd.cncf.model.weight.${path.endsWith('json') ? 'config.' : ''}v1.raw`])
        .sort(),
    );
    for (const reference of [':v1', pinned.slice(pinned.indexOf('@'))]) {
      const pulled = await store.pulled(reference);
      assert.equal(pulled.revision, pinned.slice(pinned.indexOf('@') + 1));
      assert.deepEqual(
        pulled.files.map(({ path, sha256, verified }) => [path, sha256, verified]).sort(),
        files.map(({ path, sha256 }) => [`net/${path}`, sha256, 'sha256']).sort(),
      );
    }
    const puts = store.seen.filter(({ method }) => method === 'PUT').length;
    await push(join(folder, 'digits'), {
      location: store.at(':v2'),
      form: 'modelpack',
      world: store.world,
      events: events(),
    });
    assert.equal(
      store.seen.filter(({ method }) => method === 'PUT').length,
      puts + 1,
      'blobs that are there are not sent again',
    );
  });

  it('goes there as an image with the files in /models, the same bytes each time, and comes back', async (context) => {
    const store = await registry(context);
    const folder = temporaryFolder('push-');
    await putModel(folder, { name: 'digits', graph: sumAndDifference });
    const send = () =>
      push(folder, { location: store.at(':image'), form: 'image', world: store.world, events: events() });
    const [first, second] = [await send(), await send()];
    assert.equal(first.revision, second.revision);
    const pulled = await store.pulled(':image');
    assert.deepEqual(
      pulled.files.map(({ path, sha256 }) => [path, sha256]),
      first.files.map(({ path, sha256 }) => [`net/${path}`, sha256]),
    );
  });

  it('is found in an image of several layers, of which later ones take files away, and in archives', async (context) => {
    const store = await registry(context);
    const gz = async (entries: Parameters<typeof tarOf>[0]) => gzipSync(await tarOf(entries));
    put(store, 'car', [
      {
        mediaType: imageLayer,
        bytes: await gz([
          { name: 'etc/\\x2d', text: 'no' },
          { name: 'models/', type: 'directory' },
          { name: 'models/1/model.onnx', text: 'old' },
          { name: 'models/gone.txt', text: 'x' },
        ]),
      },
      {
        mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
        bytes: await gz([
          { name: './models/1/model.onnx', text: bytes },
          { name: 'models/.wh.gone.txt' },
          { name: 'models/2', type: 'symlink', linkname: '1' },
        ]),
      },
    ]);
    const pulled = await store.pulled(':car');
    assert.deepEqual(
      pulled.files.map(({ path, sha256 }) => [path, sha256]),
      [['net/1/model.onnx', hexOf(bytes)]],
    );
    assert.deepEqual(await readFile(join(pulled.path, '2/model.onnx')), bytes);
    put(store, 'packed', [
      {
        mediaType: 'application/vnd.cncf.model.weight.v1.tar',
        bytes: await tarOf([{ name: 'model.onnx', text: bytes }]),
      },
    ]);
    assert.deepEqual(
      (await store.pulled(':packed')).files.map(({ path }) => path),
      ['net/model.onnx'],
    );
    put(store, 'oras', [
      { mediaType: 'application/octet-stream', bytes, annotations: { 'org.opencontainers.image.title': 'model.onnx' } },
    ]);
    assert.deepEqual(
      (await store.pulled(':oras')).files.map(({ path }) => path),
      ['net/model.onnx'],
    );
  });

  it('of an index is that for this machine', async (context) => {
    const store = await registry(context);
    const here = process.arch === 'x64' ? 'amd64' : process.arch;
    const layer = (text: string) => [
      {
        mediaType: 'application/vnd.cncf.model.weight.v1.raw',
        bytes: Buffer.from(text),
        annotations: { 'org.cncf.model.filepath': 'model.onnx' },
      },
    ];
    const manifests = ['other', here].map((architecture) => ({
      digest: put(store, architecture, layer(architecture)),
      platform: { os: 'linux', architecture },
    }));
    store.manifests.set('all', {
      type: 'application/vnd.oci.image.index.v1+json',
      bytes: Buffer.from(JSON.stringify({ manifests })),
    });
    assert.equal(await readFile(join((await store.pulled(':all')).path, 'model.onnx'), 'utf8'), here);
  });

  it('that would leave its folder, has a type that is not read, or other bytes than its digest, is refused', async (context) => {
    const store = await registry(context);
    const raw = (path: string, blob = bytes) => [
      {
        mediaType: 'application/vnd.cncf.model.weight.v1.raw',
        bytes: blob,
        annotations: { 'org.cncf.model.filepath': path },
      },
    ];
    for (const path of ['../model.onnx', '/etc/x', 'a/../../b', 'a//b', 'a\\b']) {
      put(store, 'bad', raw(path));
      await assert.rejects(store.pulled(':bad'), /is refused: expected a path below its folder/, path);
    }
    const inside: readonly (tar.Headers & { readonly text?: string })[][] = [
      [{ name: 'models/../../x', text: 'x' }],
      [{ name: 'models/out', type: 'symlink', linkname: '../../..' }],
      [{ name: 'models/out', type: 'symlink', linkname: '/etc' }],
      [
        { name: 'models/a', type: 'symlink', linkname: 'b/..' },
        { name: 'models/b', type: 'symlink', linkname: '.' },
        { name: 'models/null', type: 'character-device' },
      ],
      [{ name: 'models/x', type: 'link', linkname: 'etc/passwd' }],
    ];
    for (const entries of inside) {
      put(store, 'bad', [{ mediaType: imageLayer, bytes: gzipSync(await tarOf(entries)) }]);
      await assert.rejects(store.pulled(':bad'), /refused/, JSON.stringify(entries));
    }
    put(store, 'bad', [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd', bytes }]);
    await assert.rejects(store.pulled(':bad'), /tar\+zstd.*is not read: expected ModelPack/);
    put(store, 'bad', [{ mediaType: imageLayer, bytes: gzipSync(await tarOf([{ name: 'etc/passwd', text: 'x' }])) }]);
    await assert.rejects(store.pulled(':bad'), /no files where models are looked for/);
    put(store, 'bad', [{ mediaType: imageLayer, bytes: gzipSync(bytes).subarray(0, 40) }]);
    await assert.rejects(store.pulled(':bad'), /cannot be read/);
    put(store, 'wrong', raw('model.onnx'));
    store.blobs.set(`sha256:${hexOf(bytes)}`, Buffer.from([...bytes.subarray(1), 1]));
    await assert.rejects(store.pulled(':wrong'), /came with sha256 .*thrown away/);
  });

  it('that asks for credentials is told apart from one that refuses those of the docker config', async (context) => {
    const store = await registry(context);
    const location = store.at(':v1');
    const refused = (files: Record<string, string>) =>
      pull({ location, cache: temporaryFolder('oci-'), world: worldWith({ files }).world, events: events() });
    await assert.rejects(refused({}), /No credentials for 127\.0\.0\.1:\d+ are in the docker config/);
    const wrong = { auths: { [store.host]: { auth: Buffer.from('me:wrong').toString('base64') } } };
    await assert.rejects(
      refused({ '/home/me/.docker/config.json': JSON.stringify(wrong) }),
      /who are you.*were refused/,
    );
    await assert.rejects(store.pulled(':absent'), /404 \(unknown to registry\)/);
  });

  it('reads challenges as registries write them', () => {
    assert.deepEqual(parseChallenge('Bearer realm="https://a/t",service="a, \\"b\\"",scope="x:y:pull,push"'), {
      scheme: 'bearer',
      realm: 'https://a/t',
      service: 'a, "b"',
    });
    assert.deepEqual(parseChallenge('Negotiate, Basic realm=x'), { scheme: 'basic', realm: 'x', service: '' });
    assert.equal(parseChallenge('Negotiate'), undefined);
    assert.equal(parseChallenge(''), undefined);
    const name = 'a'.repeat(1_000_000);
    assert.deepEqual(parseChallenge(`Bearer ${name}`), { scheme: 'bearer', realm: '', service: '' });
  });
});
