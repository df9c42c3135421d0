import { join } from 'node:path';
import { AppError } from '../../errors.js';
import { buildImage } from '../docker/build.js';
import { explainBuild } from '../failures/explain.js';
import { pullImage } from './transfer.js';
import { containerLabels } from '../labels.js';
import type { ContainerPlan, ImageChoice } from '../decide/plan-types.js';
import type { Session } from '../session/session.js';

/** What of a launch an image needs. */
type ImageSession = Pick<Session, 'context' | 'gateway' | 'request' | 'signal'>;

/** Builds or pulls the plan's image where it is not on the engine; answers whether it is new there. */
export async function ensureImage(
  session: ImageSession,
  { image, variant }: Pick<ContainerPlan, 'image' | 'variant'>,
): Promise<boolean> {
  if (image.source === 'present') return false;
  const { request, gateway, context, signal } = session;
  if (request.pull !== 'always') {
    // The list of images could not be asked: look for this one.
    const found = await gateway.images.inspect(image.ref).catch((thrown: unknown) => {
      if (request.pull !== 'never' && thrown instanceof AppError && thrown.code === 'IMAGE_MISSING') return undefined;
      throw thrown;
    });
    if (found !== undefined) return false;
  }
  const startedAtMs = context.now();
  const verb = image.source === 'build' ? 'built' : 'pulled';
  try {
    await (image.source === 'build' ? build(session, image, variant) : pull(session, image.ref));
  } catch (thrown) {
    if (signal.aborted)
      throw new AppError('SHUTTING_DOWN', `Interrupted before ${image.ref} was ${verb}; nothing was started.`);
    throw explainBuild(thrown);
  }
  context.console.ok(`${verb} ${image.ref} in ${((context.now() - startedAtMs) / 1000).toFixed(0)} s`);
  return true;
}

async function build(
  { context, gateway, request, signal }: ImageSession,
  image: ImageChoice,
  variant: string,
): Promise<void> {
  const { ref, buildArgs } = image;
  const { console, projectFolder, env } = context;
  const { platform } = request.container;
  const args = Object.entries(buildArgs ?? {}).map(([name, value]) => ` with ${name}=${value}`);
  console.note(`building ${ref} from docker/Dockerfile.${variant}${args.join('')}; the first time takes some minutes`);
  const wanted = {
    context: projectFolder,
    dockerfile: join(projectFolder, 'docker', `Dockerfile.${variant}`),
    tags: [ref],
    ...(buildArgs === undefined ? {} : { buildArgs }),
    labels: { [containerLabels.managed]: 'true' },
    ...(platform === undefined ? {} : { platform }),
  };
  const onLine = (line: string): void => console.progress(`building ${ref}: ${line}`);
  await buildImage(wanted, { docker: gateway, env, signal, onLine });
}

async function pull({ context, gateway, request, signal }: ImageSession, ref: string): Promise<void> {
  const { platform } = request.container;
  context.console.note(`pulling ${ref}`);
  await pullImage(ref, { docker: gateway, context, platform, signal });
}
