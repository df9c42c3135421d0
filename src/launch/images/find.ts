import { AppError } from '../../errors.js';
import type { DockerGateway } from '../docker/gateway.js';
import type { ImageSummary } from '../docker/types.js';
import { imageLabels, isManaged } from '../labels.js';

/** Whether an image is ours: built with our labels, or tagged by the launcher's own name. */
export function isOwnImage({ labels, tags }: Pick<ImageSummary, 'labels' | 'tags'>): boolean {
  return imageLabels.variant in labels || isManaged(labels) || tags.some((tag) => tag.startsWith('slipway:'));
}

/** Our images, or with `all` every image of the engine, newest first. */
export async function listImages(docker: DockerGateway, all: boolean): Promise<readonly ImageSummary[]> {
  const images = await docker.images.list();
  return images.filter((image) => all || isOwnImage(image)).sort((a, b) => b.createdAtMs - a.createdAtMs);
}

/** Refuses an image of others unless told otherwise; says which ones are ours. Throws IMAGE_MISSING. */
export async function checkOwnImage(docker: DockerGateway, ref: string, all: boolean): Promise<void> {
  const image = await docker.images.inspect(ref).catch(async (thrown: unknown) => {
    if (!(thrown instanceof AppError) || thrown.code !== 'IMAGE_MISSING') throw thrown;
    const names = (await listImages(docker, false)).flatMap(({ tags }) => tags);
    const known = names.length === 0 ? 'None was built yet: launch build.' : `There is: ${names.join(', ')}.`;
    throw new AppError('IMAGE_MISSING', `There is no image ${ref}. ${known}`, { details: { ref }, cause: thrown });
  });
  if (all || isOwnImage(image)) return;
  throw new AppError('USAGE', `${ref} is an image that launch did not build. Add --all to act on it anyway.`);
}
