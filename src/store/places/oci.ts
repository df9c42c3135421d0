import { AppError } from '../../errors.js';
import { parseObject, type Json } from '../json.js';
import type { OciLocation } from '../location.js';
import { checkPath, type ListedFile, type Listing } from '../transfer/listing.js';
import { chooseManifest, digestOfLayer, manifestTypes, parseLayers, type Layer } from '../oci/manifest.js';
import { Registry } from '../oci/registry.js';
import { failureOf, rangeHeaders, readAnswer } from '../transfer/ask.js';
import { parseDigest, sha256Of } from '../transfer/digest.js';
import type { StoreWorld } from '../world.js';

/** A model in a container registry: an artifact of files (ModelPack, ORAS), or an image with models in /models (a modelcar). */
export async function listOci(location: OciLocation, world: StoreWorld): Promise<Listing> {
  const { name, shown, reference } = location;
  const registry = new Registry(location, world);
  const found = await fetchManifest(registry, reference, shown);
  const other = chooseManifest(found.document, process.arch === 'x64' ? 'amd64' : process.arch);
  const { document, digest } = other === undefined ? found : await fetchManifest(registry, other, shown);
  const layers = parseLayers(document, shown);
  const notes = other === undefined ? [] : [`of an index, the manifest ${digest} was chosen`];
  return {
    revision: digest,
    isPinned: true,
    entry: name,
    files: layers.map((layer, index) => listed(layer, { index, registry, name, shown })),
    notes,
  };
}

/** A manifest, its bytes checked by the digest under which it was asked for. */
async function fetchManifest(
  registry: Registry,
  reference: string,
  shown: string,
): Promise<{ readonly document: Json; readonly digest: string }> {
  const response = await registry.ask(`manifests/${reference}`, { headers: { accept: manifestTypes.join(', ') } });
  if (response.status !== 200)
    throw await failureOf(response, shown, 'Check the name, the tag and the credentials (docker login).');
  const bytes = await readAnswer(response, `The manifest of ${shown}`);
  const digest = `sha256:${sha256Of(bytes)}`;
  if (parseDigest(reference)?.algorithm === 'sha256' && digest !== reference)
    throw new AppError(
      'REQUEST_FAILED',
      `The manifest of ${shown} came with ${digest}, expected ${reference}: it was thrown away.`,
    );
  const document = parseObject(bytes.toString());
  if (document === undefined) throw new AppError('REQUEST_FAILED', `The manifest of ${shown} is not a JSON object.`);
  return { document, digest };
}

interface Placed {
  readonly index: number;
  readonly registry: Registry;
  readonly name: string;
  readonly shown: string;
}

function listed(layer: Layer, { index, registry, name, shown }: Placed): ListedFile {
  const { digest, sizeBytes, form } = layer;
  const common = {
    sizeBytes,
    digest: digestOfLayer(layer),
    open: (offset: number) => registry.ask(`blobs/${digest}`, { headers: rangeHeaders(offset, undefined) }),
  };
  if (form.kind === 'file') return { ...common, path: `${name}/${checkPath(form.path, shown)}` };
  const placeOf =
    form.kind === 'archive'
      ? (path: string) => `${name}/${path}`
      : (path: string) => (path.startsWith('models/') ? `${name}/${path.slice('models/'.length)}` : undefined);
  return { ...common, path: `layer-${index}.archive`, unpack: { isGzip: form.isGzip, placeOf } };
}
