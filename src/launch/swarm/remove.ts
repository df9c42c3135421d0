import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../errors.js';
import type { DockerGateway } from '../docker/gateway.js';
import { containerLabels } from '../labels.js';
import type { SwarmService, SwarmTask } from '../docker/swarm-types.js';
import { scaleService } from './change.js';
import { removeUnusedFiles } from './files.js';
import { isDraining, isWanted } from './progress.js';

const pauseMs = 250;
/** Beyond the time that replicas have to drain. */
const spareMs = 20_000;

/** Ends all replicas of a service, which drain, and deletes it with its own network, secrets and configs. */
export async function removeService(
  gateway: DockerGateway,
  { id, name, spec }: Pick<SwarmService, 'id' | 'name' | 'spec'>,
): Promise<void> {
  await gateway.swarm.remove(id);
  const isLeft = async (): Promise<boolean> => (await gateway.swarm.tasks()).some(({ serviceId }) => serviceId === id);
  await waitWhile(isLeft, graceMsOf(spec) + spareMs);
  await removeUnusedFiles(gateway, name, undefined);
  const labels = [`${containerLabels.service}=${name}`];
  for (const network of await gateway.networks.list({ labels })) {
    await gateway.networks.remove(network.id).catch((thrown: unknown) => {
      // Containers of others may have joined it.
      if (!(thrown instanceof AppError) || !/in use|active endpoints/.test(thrown.message)) throw thrown;
    });
  }
}

/** Ends all replicas of a service, which drain; it is kept, to be started again. */
export async function drainService(gateway: DockerGateway, service: SwarmService): Promise<void> {
  await scaleService(gateway, service, 0);
  const isLeft = async (): Promise<boolean> => (await gateway.swarm.tasks([service.id])).some(isRunning);
  await waitWhile(isLeft, graceMsOf(service.spec) + spareMs);
}

function isRunning(task: SwarmTask): boolean {
  return isWanted(task) || isDraining(task);
}

async function waitWhile(isSo: () => Promise<boolean>, limitMs: number): Promise<void> {
  const endMs = performance.now() + limitMs;
  while ((await isSo()) && performance.now() < endMs) await sleep(pauseMs);
}

/** How long a replica may take to drain. */
function graceMsOf(spec: SwarmService['spec']): number {
  const template = spec['TaskTemplate'] as { readonly ContainerSpec?: { readonly StopGracePeriod?: number } };
  return (template.ContainerSpec?.StopGracePeriod ?? 10e9) / 1e6;
}
