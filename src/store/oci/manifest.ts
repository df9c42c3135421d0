import { AppError } from '../../errors.js';
import { asList, asNumber, asRecord, asText, type Json } from '../json.js';
import { parseDigest, type Digest } from '../transfer/digest.js';

/** What a manifest says of a blob. */
export interface Layer {
  readonly mediaType: string;
  readonly digest: string;
  readonly sizeBytes: number;
  readonly form: LayerForm;
}

/** How a layer holds files: one file by its name, an archive of files, or an archive of an image's root with them in /models. */
export type LayerForm =
  { readonly kind: 'file'; readonly path: string } | { readonly kind: 'archive' | 'root'; readonly isGzip: boolean };

/** The media types of manifests and indexes that are asked for. */
export const manifestTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
] as const;

/** The manifest of an index for this machine: by its platform, else one for any. Undefined where the document is no index. */
export function chooseManifest(document: Json, architecture: string): string | undefined {
  const manifests = asList(document['manifests']).map(asRecord);
  if (manifests.length === 0) return undefined;
  const fits = (entry: Json): boolean => {
    const { os, architecture: named } = asRecord(entry['platform']);
    return os === 'linux' && named === architecture;
  };
  const plain = manifests.filter((entry) => asRecord(entry['platform'])['os'] !== 'unknown');
  const chosen = plain.find(fits) ?? plain.find((entry) => entry['platform'] === undefined) ?? plain[0] ?? manifests[0];
  return asText(chosen?.['digest']);
}

/** The layers that a manifest names. Throws MODEL_INVALID where one has no form that is known. */
export function parseLayers(manifest: Json, shown: string): readonly Layer[] {
  const layers = asList(manifest['layers']).map(asRecord);
  if (layers.length === 0)
    throw new AppError(
      'MODEL_INVALID',
      `${shown} names no layers: expected a model as an OCI artifact, or an image with models in /models.`,
    );
  return layers.map((layer) => {
    const [mediaType, digest] = [asText(layer['mediaType']), asText(layer['digest'])];
    const form = formOf(mediaType, asRecord(layer['annotations']));
    if (form === undefined || parseDigest(digest) === undefined)
      throw new AppError(
        'MODEL_INVALID',
        `${shown} has a layer of type ${mediaType || '(none)'} (${digest}), which is not read: expected ModelPack layers (raw, tar, tar+gzip), files with org.opencontainers.image.title, or image layers (tar, tar+gzip).`,
      );
    return { mediaType, digest, sizeBytes: asNumber(layer['size']), form };
  });
}

/** ModelPack (model-spec 0.0.x), files as ORAS pushes them, and layers of images, KServe's modelcars among them. */
function formOf(mediaType: string, annotations: Json): LayerForm | undefined {
  const [, packed] = /^application\/vnd\.cncf\.model\..*\.v1\.(raw|tar|tar\+gzip)$/.exec(mediaType) ?? [];
  const named = asText(annotations['org.cncf.model.filepath']) || asText(annotations['org.opencontainers.image.title']);
  if (packed === 'tar' || packed === 'tar+gzip') return { kind: 'archive', isGzip: packed === 'tar+gzip' };
  const [, compression] =
    /^application\/vnd\.(?:oci\.image\.layer\.(?:nondistributable\.)?v1\.tar|docker\.image\.rootfs\.diff\.tar)([.+]gzip)?$/.exec(
      mediaType,
    ) ?? [];
  const isLayer = /^application\/vnd\.(oci\.image\.layer|docker\.image\.rootfs)\.[\w.]*tar([.+]gzip)?$/.test(mediaType);
  if (isLayer && named === '') return { kind: 'root', isGzip: compression !== undefined };
  if (isLayer && annotations['io.deis.oras.content.unpack'] === 'true')
    return { kind: 'archive', isGzip: compression !== undefined };
  return named === '' ? undefined : { kind: 'file', path: named };
}

/** A layer's digest as files are checked by it. */
export function digestOfLayer({ digest }: Layer): Digest {
  const parsed = parseDigest(digest);
  if (parsed === undefined)
    throw new AppError('MODEL_INVALID', `${digest} is not a known digest: expected sha256 or sha512.`);
  return parsed;
}
