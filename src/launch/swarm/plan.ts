import { createHash } from 'node:crypto';
import { AppError } from '../../errors.js';
import { networkOf, toServiceSpec } from './service-spec.js';
import type { Deployed } from '../cluster/deployed.js';
import type { SwarmService } from '../docker/swarm-types.js';
import { containerLabels, isManaged } from '../labels.js';
import type { PinnedImage } from './image.js';
import { withContainer } from './files.js';
import type { ServiceSpec } from './spec-types.js';

/** What `up --swarm` does about a service. */
export interface ServicePlan {
  /** `scale`: another number of the same replicas. `keep`: it is what it is to be. */
  readonly action: 'create' | 'update' | 'scale' | 'keep';
  readonly spec: ServiceSpec;
  readonly network: { readonly name: string; readonly isOwn: boolean };
  readonly existing?: SwarmService;
}

/** What a Swarm has, and what it is to have. */
export interface PlanInput {
  readonly deployed: Deployed;
  readonly image: Pick<PinnedImage, 'reference'>;
  /** The service of this name, if there is one. */
  readonly existing: SwarmService | undefined;
  /** Whether --replicas was given; else a service keeps its number. */
  readonly isNumberGiven: boolean;
}

/** From what is asked for and what is there to what happens. Pure. Throws DOCKER_REFUSED for a service of others. */
export function planService({ deployed, image, existing, isNumberGiven }: PlanInput): ServicePlan {
  const { cluster, spec: container } = deployed;
  if (existing !== undefined && !isManaged(existing.labels)) {
    throw new AppError(
      'DOCKER_REFUSED',
      `The service ${existing.name} was not started by launch.\n  fix: choose another --name, or docker service rm ${existing.name}`,
      { details: { name: existing.name } },
    );
  }
  const replicas = isNumberGiven ? cluster.replicas : (numberOf(existing) ?? cluster.replicas);
  const counted = { ...deployed, cluster: { ...cluster, replicas } };
  const bare = withContainer(toServiceSpec(counted), { Image: image.reference, Labels: {} });
  const replicaConfig = hashOf([bare.TaskTemplate, bare.EndpointSpec]);
  // Of how many are replaced at a time only what was asked for: the rest follows from their number.
  const config = hashOf([replicaConfig, cluster.monitorMs, cluster.parallelism]);
  const spec: ServiceSpec = {
    ...withContainer(bare, { Labels: { ...container.body.Labels, [containerLabels.config]: replicaConfig } }),
    Labels: {
      ...container.body.Labels,
      ...deployed.labels,
      [containerLabels.config]: config,
      [containerLabels.image]: container.body.Image,
      [containerLabels.replicas]: String(replicas),
    },
  };
  const network = networkOf(deployed);
  if (existing === undefined) return { action: 'create', spec, network };
  const isSame = existing.labels[containerLabels.config] === config;
  const action = !isSame ? 'update' : existing.replicas === replicas ? 'keep' : 'scale';
  return { action, spec, network, existing };
}

/** Addresses of an overlay network as an engine makes it unless told otherwise, those that a Swarm keeps left out. */
const usualAddresses = 250;

/** What to say where a service of this size needs more addresses than its own network would have; undefined where it does not. */
export function explainAddresses({ spec, network }: ServicePlan): string | undefined {
  const { Replicas: replicas } = spec.Mode.Replicated;
  const most = replicas + spec.UpdateConfig.Parallelism;
  if (!network.isOwn || most <= usualAddresses) return undefined;
  const { name } = network;
  return `${replicas} replicas and the ${spec.UpdateConfig.Parallelism} more of an update need ${most} addresses, and the network ${name} would have some ${usualAddresses}: docker network create -d overlay --attachable --subnet 10.200.0.0/16 ${name}-wide, then --network ${name}-wide; or several services behind one proxy`;
}

/** How many replicas a service has, or had before it was stopped. */
export function numberOf(service: SwarmService | undefined): number | undefined {
  if (service === undefined) return undefined;
  const label = Number(service.labels[containerLabels.replicas] ?? 0);
  return service.replicas > 0 ? service.replicas : label > 0 ? label : undefined;
}

/** A fingerprint. Labels are left out before: they name who started it, which changes nothing of what it is. */
function hashOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
