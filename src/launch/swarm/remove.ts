import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../errors.js';
import type { DockerGateway } from '../docker/gateway.js';
import { toError } from '../failures/explain.js';
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
  const left = async (): Promise<readonly SwarmTask[]> =>
    (await gateway.swarm.tasks()).filter(({ serviceId }) => serviceId === id);
  await waitForNone(
    left,
    graceMsOf(spec) + spareMs,
    `Service ${name} is removed; its secrets, configs and network are left`,
  );
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
  const left = async (): Promise<readonly SwarmTask[]> => (await gateway.swarm.tasks([service.id])).filter(isRunning);
  await waitForNone(left, graceMsOf(service.spec) + spareMs, `Service ${service.name} is to have no replicas`);
}

function isRunning(task: SwarmTask): boolean {
  return isWanted(task) || isDraining(task);
}

/** Throws READY_TIMEOUT, after what has been done, where replicas are left when the time is up. */
async function waitForNone(list: () => Promise<readonly SwarmTask[]>, limitMs: number, done: string): Promise<void> {
  const endMs = performance.now() + limitMs;
  for (let left = await list(); left.length > 0; left = await list()) {
    if (performance.now() >= endMs) {
      const cause = `${done}, for ${left.length} of its replicas have not ended in ${Math.round(limitMs / 1000)} s: their node may be down`;
      throw toError({ code: 'READY_TIMEOUT', cause, fix: 'docker node ls; then type the command again' });
    }
    await sleep(pauseMs);
  }
}

/** How long a replica may take to drain. */
function graceMsOf(spec: SwarmService['spec']): number {
  const template = spec['TaskTemplate'] as { readonly ContainerSpec?: { readonly StopGracePeriod?: number } };
  return (template.ContainerSpec?.StopGracePeriod ?? 10e9) / 1e6;
}
