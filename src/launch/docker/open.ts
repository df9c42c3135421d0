import { access, readdir, readFile } from 'node:fs/promises';
import type { ContextWorld } from './address/context-store.js';
import { resolveEndpoint, type EngineRequest } from './address/resolve.js';
import { openGateway } from './engine-gateway.js';
import type { DockerGateway } from './gateway.js';

/** This machine's files, for resolving an engine's address. */
export function readWorld(process: Pick<ContextWorld, 'env' | 'homeFolder' | 'platform'>): ContextWorld {
  return {
    ...process,
    readText: (path) => readFile(path, 'utf8').catch(() => undefined),
    exists: (path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    listFolder: (path) => readdir(path).catch(() => []),
  };
}

/** The gateway to the engine that the command line, the environment or the docker CLI's settings name. Opens no connection yet. */
export async function openDocker(
  request: EngineRequest,
  process: Pick<ContextWorld, 'env' | 'homeFolder' | 'platform'>,
): Promise<DockerGateway> {
  return openGateway(await resolveEndpoint(request, readWorld(process)));
}
