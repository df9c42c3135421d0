import { AppError } from '../errors.js';
import { buildImage } from './image-build.js';
import type { ContainerPlan } from './plan-types.js';
import { TransferProgress } from './pull-progress.js';
import type { Session } from './session.js';

/** Builds or pulls the plan's image where it is not on the engine; answers whether it is new there. */
export async function ensureImage(session: Session, { image, variant }: ContainerPlan): Promise<boolean> {
  if (image.source === 'present') return false;
  const { wish, gateway } = session;
  if (wish.pull !== 'always') {
    // The list of images could not be asked: look for this one.
    const found = await gateway.images.inspect(image.ref).catch((thrown: unknown) => {
      if (thrown instanceof AppError && thrown.code === 'IMAGE_MISSING') return undefined;
      throw thrown;
    });
    if (found !== undefined) return false;
  }
  await (image.source === 'build' ? build(session, image.ref, variant) : pull(session, image.ref));
  return true;
}

async function build({ context, gateway, wish, signal }: Session, ref: string, variant: string): Promise<void> {
  const { console, projectFolder, env } = context;
  const { platform } = wish.container;
  console.note(`building ${ref} from docker/Dockerfile.${variant}; the first time takes some minutes`);
  const startedAtMs = context.now();
  await buildImage({
    endpoint: gateway.endpoint,
    folder: projectFolder,
    dockerfile: `docker/Dockerfile.${variant}`,
    tags: [ref],
    ...(platform === undefined ? {} : { flags: ['--platform', platform] }),
    env,
    signal,
    onLine: (line) => console.progress(`building ${ref}: ${line}`),
  });
  console.ok(`built ${ref} in ${((context.now() - startedAtMs) / 1000).toFixed(0)} s`);
}

async function pull({ context, gateway, wish, signal }: Session, ref: string): Promise<void> {
  const { console } = context;
  const { platform } = wish.container;
  console.note(`pulling ${ref}`);
  const progress = new TransferProgress();
  await gateway.images.pull(ref, {
    ...(platform === undefined ? {} : { platform }),
    signal,
    onProgress: (report) => console.progress(`pulling ${ref}: ${progress.add(report)}`),
  });
  console.ok(`pulled ${ref}`);
}
