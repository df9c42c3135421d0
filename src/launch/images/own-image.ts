import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AppError } from '../../errors.js';
import type { LaunchContext } from '../context.js';
import { buildImage } from '../docker/build.js';
import { explainBuild } from '../failures/explain.js';
import { containerLabels } from '../labels.js';

/** A user's own Dockerfile: a file, or a folder that holds one; and the folder that it is built from. */
export interface OwnImage {
  readonly dockerfile?: string;
  readonly context?: string;
}

/** Where both lie. */
export interface BuildPlace {
  readonly context: string;
  readonly dockerfile: string;
}

/**
 * Finds what to build. A folder is its own context; a file alone is built from the working folder, and beside a context
 * it is looked for there where the working folder has none. Throws USAGE.
 */
export async function findBuildPlace({ dockerfile, context }: OwnImage, cwd: string): Promise<BuildPlace> {
  const folder = context === undefined ? undefined : resolve(cwd, context);
  if (folder !== undefined && (await kindOf(folder)) !== 'folder')
    throw new AppError('USAGE', `context: there is no folder ${folder}. Expected one with a Dockerfile.`);
  const places = [cwd, ...(folder === undefined ? [] : [folder])];
  const tried = dockerfile === undefined ? [folder ?? cwd] : places.map((place) => resolve(place, dockerfile));
  for (const path of tried) {
    const kind = await kindOf(path);
    if (kind === 'file') return { context: folder ?? cwd, dockerfile: path };
    const inside = join(path, 'Dockerfile');
    if (kind === 'folder' && (await kindOf(inside)) === 'file') return { context: folder ?? path, dockerfile: inside };
  }
  throw new AppError(
    'USAGE',
    `dockerfile: there is no Dockerfile at ${tried.join(' or ')}. Name the file, or a folder that holds a Dockerfile.`,
  );
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? undefined : found.isDirectory() ? 'folder' : 'file';
}

/** Builds it under a tag that is the Dockerfile's and context's own; answers the tag. */
export async function buildOwn(
  context: LaunchContext,
  own: OwnImage,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { console, cwd, env } = context;
  const place = await findBuildPlace(own, cwd);
  const name = createHash('sha256').update(`${place.context}\n${place.dockerfile}`).digest('hex').slice(0, 8);
  const tag = `slipway:custom-${name}`;
  const docker = await context.openGateway({});
  console.note(`building ${tag} from ${place.dockerfile}, its context ${place.context}`);
  const onLine = (line: string): void => console.note(line);
  const labels = { [containerLabels.managed]: 'true' };
  const tools = { docker, env, onLine, ...(signal === undefined ? {} : { signal }) };
  await buildImage({ ...place, tags: [tag], labels }, tools).catch((thrown: unknown) => {
    throw explainBuild(thrown);
  });
  return tag;
}
