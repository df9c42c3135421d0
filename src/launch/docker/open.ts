import { resolveEndpoint, type EngineWish } from './context.js';
import type { ContextWorld } from './context-store.js';
import { openGateway } from './engine-gateway.js';
import type { DockerGateway } from './gateway.js';
import { readWorld } from './machine-world.js';

/** The gateway to the engine that the command line, the environment or the docker CLI's settings name. Opens no connection yet. */
export async function openDocker(
  wish: EngineWish,
  process: Pick<ContextWorld, 'env' | 'homeFolder' | 'platform'>,
): Promise<DockerGateway> {
  return openGateway(await resolveEndpoint(wish, readWorld(process)));
}
