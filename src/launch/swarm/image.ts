import { AppError } from '../../errors.js';
import type { Deployed } from '../cluster/deployed.js';
import type { LaunchContext } from '../context.js';
import { findDigest } from '../docker/image-identity.js';
import type { DockerGateway } from '../docker/gateway.js';
import { ensureImage } from '../images/ensure-image.js';
import { transferOptions } from '../images/transfer.js';
import type { LaunchRequest } from '../request/request.js';
import type { RegistryAuth } from '../../store/credentials/registry-auth.js';

/** What the image of a service is looked for with. */
export interface ImageSearch {
  readonly gateway: DockerGateway;
  readonly context: LaunchContext;
  readonly request: LaunchRequest;
  readonly deployed: Deployed;
  readonly nodeCount: number;
}

/** The image as a service names it, so that every replica, and a rollback, has the same. */
export interface PinnedImage {
  /** By digest or id; by its tag where other nodes have to have it themselves. */
  readonly reference: string;
  /** Undefined: this engine has none yet, and would build or pull it. */
  readonly isKnown: boolean;
  readonly note?: string;
  readonly auth?: RegistryAuth;
}

/** Looks for a service's image on this engine and in its registry. Changes nothing. */
export async function findServiceImage(search: ImageSearch): Promise<PinnedImage> {
  const { gateway, context, request, deployed, nodeCount } = search;
  const ref = deployed.spec.body.Image;
  const local = request.pull === 'always' ? undefined : await inspect(gateway, ref);
  if (local !== undefined) {
    const digest = findDigest(ref, local.digests)?.split('@')[1];
    if (digest !== undefined) return { reference: `${ref}@${digest}`, isKnown: true, ...(await authFor(search)) };
    if (nodeCount === 1) return { reference: local.id, isKnown: true };
    const note = `${ref} is on this engine alone: give it to each of the ${nodeCount} nodes, or push it to a registry and name that with --image`;
    return { reference: ref, isKnown: true, note };
  }
  if (request.pull === 'never')
    throw new AppError('IMAGE_MISSING', `The image ${ref} is not on this engine.\n  fix: omit --pull never`);
  const { auth } = await transferOptions('pulling', ref, { docker: gateway, context });
  const access = auth === undefined ? {} : { auth };
  const digest = ref.includes('@') ? undefined : await gateway.swarm.digestOf(ref, access);
  return { reference: digest === undefined ? ref : `${ref}@${digest}`, isKnown: digest !== undefined, ...access };
}

/** As findServiceImage, after it was built or pulled where neither engine nor registry had it. */
export async function ensureServiceImage(search: ImageSearch, signal: AbortSignal): Promise<PinnedImage> {
  const found = await findServiceImage(search);
  if (found.isKnown) return found;
  const { gateway, context, request, deployed } = search;
  const { variant, body } = deployed.spec;
  const source = request.image === undefined ? 'build' : 'pull';
  await ensureImage({ gateway, context, request, signal }, { variant, image: { ref: body.Image, source } });
  return findServiceImage({ ...search, request: { ...request, pull: 'missing' } });
}

/** Credentials for nodes that pull what this engine has. */
async function authFor({ gateway, context, deployed }: ImageSearch): Promise<Pick<PinnedImage, 'auth'>> {
  const { auth } = await transferOptions('pulling', deployed.spec.body.Image, { docker: gateway, context });
  return auth === undefined ? {} : { auth };
}

async function inspect(gateway: DockerGateway, ref: string) {
  return gateway.images.inspect(ref).catch((thrown: unknown) => {
    if (thrown instanceof AppError && thrown.code === 'IMAGE_MISSING') return undefined;
    throw thrown;
  });
}
