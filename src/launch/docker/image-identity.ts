import type { DockerGateway } from './gateway.js';
import { parseReference } from './reference.js';

/** The image of a container. */
export interface LaunchedImage {
  /** As it was asked for: `slipway:cpu`. */
  readonly ref: string;
  /** The engine's own id, `sha256:` and 64 digits: the same content has the same one. */
  readonly id: string;
  /** `repository@sha256:...` of the registry that it came from or was pushed to; absent where it was in none. */
  readonly digest?: string;
}

/** What a container runs: `id` is the one that it was made from, whatever its tag names by now. */
export async function identifyImage(gateway: DockerGateway, ref: string, id: string): Promise<LaunchedImage> {
  const known = await gateway.images.inspect(id).catch(() => undefined);
  const digest = findDigest(ref, known?.digests ?? []);
  return { ref, id, ...(digest === undefined ? {} : { digest }) };
}

/** The digest in the repository that `ref` names; where that has none, any: an image that was tagged anew keeps its content. */
export function findDigest(ref: string, digests: readonly string[]): string | undefined {
  const { name } = parseReference(ref);
  return digests.find((digest) => parseReference(digest).name === name) ?? digests[0];
}
