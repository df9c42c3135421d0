import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseLocation, type OciLocation } from '../../../src/store/location.js';
import { Registry } from '../../../src/store/oci/registry.js';
import { hexOf, worldWith } from '../../store/stand-in.js';
import { openBases, type Base } from '../../tools/open-bases.js';
import { hasDockerRegistry, startDockerRegistry } from '../docker-registry.js';

const isRequired = process.env['REQUIRE_ENGINE'] === '1';
const skip = hasDockerRegistry || isRequired ? false : 'docker-registry is not installed';
const indexType = 'application/vnd.oci.image.index.v1+json';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';

/** Puts an image for one base into a registry: a manifest and a configuration for each platform, an index of them under the tag. */
async function putBase(host: string, { image, platforms }: Base): Promise<string> {
  const location = parseLocation(`oci://${host}/${image.includes('/') ? image : `library/${image}`}`) as OciLocation;
  const registry = new Registry(location, worldWith().world);
  const put = async (path: string, body: Buffer, type: string): Promise<void> => {
    const response = await registry.ask(path, {
      method: 'PUT',
      body,
      headers: { 'content-type': type },
      isWrite: true,
    });
    assert.equal(response.status, 201, `${path}: ${await response.text()}`);
  };
  const manifests = [];
  for (const platform of platforms.map((text) => ({ os: text.split('/')[0], architecture: text.split('/')[1] }))) {
    const config = Buffer.from(JSON.stringify({ ...platform, rootfs: { type: 'layers', diff_ids: [] }, config: {} }));
    const digest = `sha256:${hexOf(config)}`;
    const begun = await registry.ask('blobs/uploads/', { method: 'POST', isWrite: true });
    const upload = new URL(begun.headers.get('location') ?? '', `${registry.base}/`);
    upload.searchParams.set('digest', digest);
    await put(upload.href, config, 'application/octet-stream');
    const described = { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: config.length };
    const manifest = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config: described, layers: [] }),
    );
    await put(`manifests/sha256:${hexOf(manifest)}`, manifest, manifestType);
    manifests.push({ mediaType: manifestType, digest: `sha256:${hexOf(manifest)}`, size: manifest.length, platform });
    if (platforms.length > 1) continue;
    await put(`manifests/${location.reference}`, manifest, manifestType);
    return `sha256:${hexOf(manifest)}`;
  }
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests }));
  await put(`manifests/${location.reference}`, index, indexType);
  return `sha256:${hexOf(index)}`;
}

describe('bases in a real registry', { skip }, () => {
  it('are pinned by the digest of the index, or of the manifest where there is one platform, and found to be current', async (context) => {
    const host = await startDockerRegistry(context);
    const copy = openBases();
    const expected = new Map<string, string>();
    for (const base of copy.bases()) expected.set(base.image, await putBase(host, base));
    const { status, output } = await copy.run('--from', host);
    assert.equal(status, 0, output);
    assert.deepEqual(new Map(copy.bases().map(({ image, digest }) => [image, digest])), expected);
    for (const flag of ['--check', '--current']) assert.equal((await copy.run(flag, '--from', host)).status, 0, flag);
  });
});
