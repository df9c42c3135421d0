import { access, constants, readdir } from 'node:fs/promises';
import { AppError, messageOf } from '../../errors.js';
import { readRegularFile } from '../../regular-file.js';
import type { ContextWorld } from './address/context-store.js';
import { resolveEndpoint, type EngineRequest } from './address/resolve.js';
import { openGateway } from './engine-gateway.js';
import type { DockerGateway } from './gateway.js';

/** This machine's files, for resolving an engine's address. */
export function readWorld(process: Pick<ContextWorld, 'env' | 'homeFolder' | 'platform'>): ContextWorld {
  return {
    ...process,
    readText,
    canUse: (path) =>
      access(path, constants.R_OK | constants.W_OK).then(
        () => true,
        () => false,
      ),
    listFolder: (path) => readdir(path).catch(() => []),
  };
}

/** A file that may not be read, after `sudo docker login` for instance, is no absent one: other settings than the user's would count. */
async function readText(path: string): Promise<string | undefined> {
  try {
    return String(await readRegularFile(path));
  } catch (thrown) {
    if (/^(ENOENT|ENOTDIR)$/.test((thrown as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw new AppError('USAGE', `Cannot read ${path}: ${messageOf(thrown)}.`, { cause: thrown });
  }
}

/** The gateway to the engine that the command line, the environment or the docker CLI's settings name. Opens no connection yet. */
export async function openDocker(
  request: EngineRequest,
  process: Pick<ContextWorld, 'env' | 'homeFolder' | 'platform'>,
): Promise<DockerGateway> {
  return openGateway(await resolveEndpoint(request, readWorld(process)));
}
