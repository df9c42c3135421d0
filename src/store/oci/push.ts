import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createHash } from 'node:crypto';
import tar from 'tar-stream';
import type { OciLocation } from '../location.js';
import { readTold, type Pushed, type PushedFile, type PushOptions } from '../transfer/pushed.js';
import { failureOf } from '../transfer/ask.js';
import { sha256Of } from '../transfer/digest.js';
import { upload } from '../transfer/upload.js';
import { Registry } from './registry.js';

interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly open: () => NodeJS.ReadableStream;
}

/** Pushes files as one artifact of the CNCF's ModelPack, or as an image of one layer with them in /models. */
export async function pushOci(
  files: readonly PushedFile[],
  options: PushOptions & { readonly location: OciLocation },
): Promise<Pushed> {
  const { location, world, form } = options;
  const registry = new Registry(location, world);
  const layers = form === 'image' ? [await imageLayer(files)] : files.map((file) => fileLayer(file, options));
  const config = form === 'image' ? imageConfig(layers) : modelConfig(layers, location);
  for (const blob of [...layers, config]) await pushBlob(registry, blob, location);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    ...(form === 'image' ? {} : { artifactType: 'application/vnd.cncf.model.manifest.v1+json' }),
    config: describe(config),
    layers: layers.map(describe),
  });
  const digest = `sha256:${sha256Of(manifest)}`;
  const reference = location.reference.includes(':') ? digest : location.reference;
  const response = await registry.ask(`manifests/${reference}`, {
    method: 'PUT',
    body: manifest,
    headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
    isWrite: true,
  });
  if (!response.ok)
    throw await failureOf(response, `The manifest of ${location.shown}`, 'Check the rights of the account.');
  await response.body?.cancel();
  const scheme = location.shown.slice(0, location.shown.indexOf('://'));
  return { revision: digest, pinned: `${scheme}://${location.registry}/${location.repository}@${digest}`, files };
}

const describe = ({ mediaType, digest, size, annotations }: Blob) => ({
  mediaType,
  digest,
  size,
  ...(annotations === undefined ? {} : { annotations }),
});

/** Model files and their weights are weights, settings are settings, and texts documents, as the spec divides them. */
function mediaTypeOf(path: string): string {
  if (/\.json$/i.test(path)) return 'application/vnd.cncf.model.weight.config.v1.raw';
  return /\.(txt|md)$/i.test(path)
    ? 'application/vnd.cncf.model.doc.v1.raw'
    : 'application/vnd.cncf.model.weight.v1.raw';
}

function fileLayer(file: PushedFile, options: PushOptions): Blob {
  return {
    mediaType: mediaTypeOf(file.path),
    digest: `sha256:${file.sha256}`,
    size: file.sizeBytes,
    annotations: { 'org.cncf.model.filepath': file.path, 'org.opencontainers.image.title': file.path },
    open: () => readTold(file, options),
  };
}

/** One tar of all files, the same bytes for the same files: no times, no owners. */
async function imageLayer(files: readonly PushedFile[]): Promise<Blob> {
  const open = (): tar.Pack => {
    const pack = tar.pack();
    void fill(pack, files);
    return pack;
  };
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of open() as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: `sha256:${hash.digest('hex')}`, size, open };
}

async function fill(pack: tar.Pack, files: readonly PushedFile[]): Promise<void> {
  const common = { mtime: new Date(0), uid: 0, gid: 0 };
  try {
    for (const { path, source, sizeBytes } of files) {
      const entry = pack.entry({ ...common, name: `models/${path}`, size: sizeBytes, mode: 0o644 });
      for await (const chunk of createReadStream(source, { highWaterMark: 1 << 20 }))
        if (!entry.write(chunk)) await new Promise((resolve) => entry.once('drain', resolve));
      entry.end();
    }
    pack.finalize();
  } catch (thrown) {
    pack.destroy(thrown as Error);
  }
}

function documentBlob(mediaType: string, document: object): Blob {
  const bytes = Buffer.from(JSON.stringify(document));
  return { mediaType, digest: `sha256:${sha256Of(bytes)}`, size: bytes.length, open: () => Readable.from([bytes]) };
}

/** The configuration of an image that any machine may mount. */
function imageConfig(layers: readonly Blob[]): Blob {
  return documentBlob('application/vnd.oci.image.config.v1+json', {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
  });
}

function modelConfig(layers: readonly Blob[], { name }: OciLocation): Blob {
  return documentBlob('application/vnd.cncf.model.config.v1+json', {
    descriptor: { name },
    config: { format: 'onnx' },
    modelfs: { type: 'layers', diffIds: layers.map(({ digest }) => digest) },
  });
}

/** Uploads a blob that the repository does not have. */
async function pushBlob(registry: Registry, { digest, size, open }: Blob, { shown }: OciLocation): Promise<void> {
  const known = await registry.ask(`blobs/${digest}`, { method: 'HEAD', isWrite: true });
  await known.body?.cancel();
  if (known.status === 200) return;
  const begun = await registry.ask('blobs/uploads/', { method: 'POST', isWrite: true });
  if (begun.status !== 202)
    throw await failureOf(begun, `An upload to ${shown}`, 'Check the rights of the account (docker login).');
  await begun.body?.cancel();
  const url = new URL(begun.headers.get('location') ?? '', `${registry.base}/blobs/uploads/`);
  url.searchParams.set('digest', digest);
  const headers = { ...registry.authorize(url, 'pull,push'), 'content-type': 'application/octet-stream' };
  const response = await upload(url, { headers, sizeBytes: size, body: open() });
  if (response.status !== 201)
    throw await failureOf(response, `A part of ${shown}`, 'Check the rights of the account.');
}
