import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import tar from 'tar-stream';
import { parseLocation } from '../../src/store/location.js';
import { pull } from '../../src/store/pull.js';
import { temporaryFolder } from '../support/folder.js';
import { events, hexOf, sendFile, standIn, worldWith } from './stand-in.js';

const auth = `Basic ${Buffer.from('me:pass').toString('base64')}`;

/** A registry that keeps what it is given, and asks for a token of its own service. */
export async function registry(
  context: TestContext,
  blobs = new Map<string, Buffer>(),
  manifests = new Map<string, { type: string; bytes: Buffer }>(),
) {
  const server = await standIn(context, (one, response) => {
    const url = new URL(one.url, 'http://x');
    if (url.pathname === '/token') {
      const scope = url.searchParams.get('scope') ?? '';
      if (one.headers.authorization !== auth)
        return void response.writeHead(401).end('{"errors":[{"message":"who are you"}]}');
      return void response.end(JSON.stringify({ token: `for ${scope}` }));
    }
    const isWrite = !['GET', 'HEAD'].includes(one.method);
    const expected = `Bearer for repository:team/net:pull${isWrite ? ',push' : ''}`;
    const granted = one.headers.authorization ?? '';
    if (granted !== expected && granted !== 'Bearer for repository:team/net:pull,push') {
      const challenge = `Bearer realm="${server.url}/token",service="the, registry",scope="repository:team/net:pull"`;
      return void response.writeHead(401, { 'www-authenticate': challenge }).end();
    }
    const [, kind, name = ''] = /^\/v2\/team\/net\/(manifests|blobs)\/(.*)$/.exec(url.pathname) ?? [];
    if (one.method === 'POST')
      return void response.writeHead(202, { location: '/v2/team/net/blobs/uploads/1?state=a%2Fb' }).end();
    if (one.method === 'PUT' && kind === 'blobs') {
      assert.equal(url.searchParams.get('state'), 'a/b');
      blobs.set(url.searchParams.get('digest') ?? '', one.body);
      return void response.writeHead(201).end();
    }
    if (one.method === 'PUT') {
      const entry = { type: one.headers['content-type'] ?? '', bytes: one.body };
      manifests.set(name, entry);
      manifests.set(`sha256:${hexOf(one.body)}`, entry);
      return void response.writeHead(201).end();
    }
    const found = kind === 'blobs' ? blobs.get(name) : manifests.get(name)?.bytes;
    if (found === undefined)
      return void response.writeHead(404).end('{"errors":[{"code":"UNKNOWN","message":"unknown to registry"}]}');
    response.setHeader('content-type', manifests.get(name)?.type ?? 'application/octet-stream');
    sendFile(one, response, { bytes: found });
  });
  const config = { auths: { [server.host]: { auth: Buffer.from('me:pass').toString('base64') } } };
  const { world } = worldWith({ files: { '/home/me/.docker/config.json': JSON.stringify(config) } });
  const at = (reference: string) => parseLocation(`oci://${server.host}/team/net${reference}`);
  const pulled = (reference: string) =>
    pull({ location: at(reference), cache: temporaryFolder('oci-'), world, events: events() });
  return { ...server, blobs, manifests, world, at, pulled };
}

/** Puts a manifest of layers into a registry as others push them. */
export function put(
  store: { blobs: Map<string, Buffer>; manifests: Map<string, { type: string; bytes: Buffer }> },
  reference: string,
  layers: readonly { mediaType: string; bytes: Buffer; annotations?: object }[],
): string {
  for (const layer of layers) store.blobs.set(`sha256:${hexOf(layer.bytes)}`, layer.bytes);
  const described = layers.map(({ bytes: blob, ...rest }) => ({
    ...rest,
    digest: `sha256:${hexOf(blob)}`,
    size: blob.length,
  }));
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, config: {}, layers: described }));
  const entry = { type: 'application/vnd.oci.image.manifest.v1+json', bytes: manifest };
  store.manifests.set(reference, entry);
  store.manifests.set(`sha256:${hexOf(manifest)}`, entry);
  return `sha256:${hexOf(manifest)}`;
}

/** A tar of these entries. */
export async function tarOf(entries: readonly (tar.Headers & { readonly text?: Buffer | string })[]): Promise<Buffer> {
  const pack = tar.pack();
  for (const { text, ...header } of entries) pack.entry(header, text ?? '');
  pack.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of pack as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
