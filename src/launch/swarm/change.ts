import { AppError } from '../../errors.js';
import { asNumber, asRecord } from '../../store/json.js';
import type { DockerGateway } from '../docker/gateway.js';
import type { SwarmService } from '../docker/swarm-types.js';
import { containerLabels } from '../labels.js';

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
  const { name, previousSpec, previousReplicaVersion } = service;
  if (previousSpec === undefined) {
    const why = service.update.state.startsWith('rollback')
      ? 'its last change was taken back already'
      : 'nothing of it was changed yet';
    throw new AppError('USAGE', `${name} has no version to go back to: ${why}.`, { details: { name } });
  }
  if (previousReplicaVersion === service.replicaVersion) {
    const before = asNumber(asRecord(asRecord(previousSpec['Mode'])['Replicated'])['Replicas']);
    const text = `The last change of ${name} was its number of replicas, and a Swarm remembers one change. To undo that: launch scale ${name}=${before}`;
    throw new AppError('USAGE', text, { details: { name, before } });
  }
  await swarm.rollback(service);
}
