import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../errors.js';
import { asNumber, asRecord } from '../../store/json.js';
import type { DockerGateway } from '../docker/gateway.js';
import type { SwarmService, SwarmTask } from '../docker/swarm-types.js';
import { toError } from '../failures/explain.js';
import { containerLabels } from '../labels.js';
import { removeUnusedFiles } from './files.js';
import { isDraining, isWanted } from './progress.js';

const pauseMs = 250;
/** Beyond the time that replicas have to drain. */
const spareMs = 20_000;

/** Asks a Swarm for another number of replicas; 0 keeps in mind how many there were. Does not wait. */
export async function scaleService({ swarm }: DockerGateway, service: SwarmService, replicas: number): Promise<void> {
  const kept = replicas > 0 ? replicas : service.replicas;
  const Labels = { ...service.labels, ...(kept > 0 ? { [containerLabels.replicas]: String(kept) } : {}) };
  await swarm.update(service, { ...service.spec, Labels, Mode: { Replicated: { Replicas: replicas } } });
}

/** Asks a Swarm to replace every replica by a new one like it. Does not wait. */
export async function restartService({ swarm }: DockerGateway, service: SwarmService): Promise<void> {
  const template = asRecord(service.spec['TaskTemplate']);
  const ForceUpdate = asNumber(template['ForceUpdate']) + 1;
  await swarm.update(service, { ...service.spec, TaskTemplate: { ...template, ForceUpdate } });
}

/** Asks a Swarm for the version before the last change. Does not wait. Throws USAGE where there is none. */
export async function rollbackService({ swarm }: DockerGateway, service: SwarmService): Promise<void> {
  const { name, previousReplicas: before, previousReplicaVersion } = service;
  if (before === undefined) {
    const why = service.update.state.startsWith('rollback')
      ? 'its last change was already undone'
      : 'it has not been changed yet';
    throw new AppError('USAGE', `${name} has no version to go back to: ${why}.`, { details: { name } });
  }
  if (previousReplicaVersion === service.replicaVersion) {
    const text = `The last change of ${name} was its number of replicas, and a Swarm remembers one change. To undo that: launch scale ${name}=${before}`;
    throw new AppError('USAGE', text, { details: { name, before } });
  }
  await swarm.rollback(service);
}

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
  await waitForNone(left, graceMsOf(service.spec) + spareMs, `Service ${service.name} will have no replicas`);
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

/** What the engine gives where a service does not say. */
const enginesGraceNs = 10e9;

/** How long a replica may take to drain. */
function graceMsOf(spec: SwarmService['spec']): number {
  const container = asRecord(asRecord(spec['TaskTemplate'])['ContainerSpec']);
  return (asNumber(container['StopGracePeriod']) || enginesGraceNs) / 1e6;
}
