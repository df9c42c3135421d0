import { AppError } from '../../errors.js';
import type { DockerGateway, SwarmApi } from '../docker/gateway.js';
import type { SwarmNode, SwarmService, SwarmState } from '../docker/swarm-types.js';
import { toError } from '../failures/explain.js';
import type { ServiceSpec } from './spec-types.js';

/** The Swarm that an engine manages, or a refusal that says how to get one. */
export async function requireManager({ swarm, endpoint }: DockerGateway): Promise<SwarmState> {
  const state = await swarm.state();
  if (state.role === 'manager') return state;
  const at = `The engine at ${endpoint.url}`;
  const managers = state.managers.length === 0 ? '' : ` (${state.managers.join(', ')})`;
  const [cause, fix] = {
    none: [`${at} is not in a Swarm`, 'docker swarm init, or docker swarm join with the token of one'],
    worker: [
      `${at} is a worker of a Swarm, which only its managers${managers} change`,
      'name a manager with --context or -H, or docker node promote this one there',
    ],
    locked: [`${at} is a manager of a locked Swarm`, 'docker swarm unlock'],
    unsettled: [`${at} is joining a Swarm, or lost its managers${managers}`, 'docker info shows why'],
  }[state.role];
  throw toError({ code: 'DOCKER_REFUSED', cause: cause ?? at, fix: fix ?? 'docker info' });
}

/** Refuses a service with GPUs that no node can give which takes replicas now. */
export function requireGpus(nodes: readonly SwarmNode[], { TaskTemplate }: ServiceSpec): void {
  const [wanted] = TaskTemplate.Resources.Reservations.GenericResources ?? [];
  if (wanted === undefined) return;
  const { Kind: kind, Value: count } = wanted.DiscreteResourceSpec;
  const offered = (of: readonly SwarmNode[]): number =>
    Math.max(0, ...of.map(({ genericResources }) => genericResources[kind] ?? 0));
  const most = offered(nodes.filter(({ isAvailable }) => isAvailable));
  if (most >= count) return;
  const away = nodes.filter((node) => !node.isAvailable && offered([node]) >= count).map(({ hostname }) => hostname);
  if (away.length > 0) {
    const cause = `a replica needs ${count} ${kind}, and of the Swarm's nodes only ${away.join(', ')} could give that, which ${away.length === 1 ? 'is' : 'are'} down or take no replicas`;
    throw toError({
      code: 'DEVICE_UNAVAILABLE',
      cause,
      fix: `docker node ls; docker node update --availability active ${away[0] ?? ''}`,
    });
  }
  const cause =
    most === 0
      ? `no node of the Swarm offers ${kind}`
      : `a replica needs ${count} ${kind}, and no node of the Swarm offers more than ${most}`;
  const fix = `"node-generic-resources": ["${kind}=GPU-<uuid>"] in /etc/docker/daemon.json of the nodes with GPUs, and NVIDIA's runtime as their default; or another --gpu-resource`;
  throw toError({ code: 'DEVICE_UNAVAILABLE', cause, fix });
}

/** Services of the Swarm that an engine manages; none where it manages none. */
export async function listServices(swarm: SwarmApi, labels?: readonly string[]): Promise<readonly SwarmService[]> {
  return swarm.list({ labels }).catch((thrown: unknown) => {
    if (thrown instanceof AppError && [404, 406, 503].includes(Number(thrown.details['status']))) return [];
    throw thrown;
  });
}
