import type { DockerGateway } from '../docker/gateway.js';
import type { ContainerSummary } from '../docker/types.js';
import { listServices } from '../swarm/place.js';
import { containerServer } from './container-server.js';
import { isUpState, type Server } from './server.js';
import { serviceServer } from './service-server.js';

/** Labels that a Swarm gives to the containers of its replicas. */
const swarmLabels = { service: 'com.docker.swarm.service.id', task: 'com.docker.swarm.task.name' } as const;

/** Services of the Swarm that an engine manages, with their replicas in containers of this engine. */
export interface SwarmServers {
  readonly services: readonly Server[];
  /** `slipway.1`, ...: those that run before those that ended. */
  readonly replicas: readonly Server[];
  /** Containers that are nobody's replicas. */
  readonly others: readonly ContainerSummary[];
}

/** Tells containers of replicas from the others. An engine that manages no Swarm has no services. */
export async function splitSwarm(
  docker: DockerGateway,
  containers: readonly ContainerSummary[],
  labels: readonly string[] | undefined,
): Promise<SwarmServers> {
  const none: SwarmServers = { services: [], replicas: [], others: containers };
  const { swarm } = docker;
  const services = await listServices(swarm, labels);
  if (services.length === 0) return none;
  const [tasks, nodes] = await Promise.all([swarm.tasks(services.map(({ id }) => id)), swarm.nodes()]);
  const serviceOf = (container: ContainerSummary): string | undefined => {
    const id = container.labels[swarmLabels.service];
    return services.find((service) => service.id === id)?.id;
  };
  const replicas = containers
    .filter((container) => serviceOf(container) !== undefined)
    .sort((one, other) => Number(isUpState(other.state)) - Number(isUpState(one.state)))
    .map((container) => ({ serviceId: serviceOf(container), server: replicaServer(docker, container) }));
  return {
    services: services.map((service) => {
      const here = replicas.filter(({ serviceId }) => serviceId === service.id).map(({ server }) => server);
      return serviceServer(docker, service, { sight: { tasks, nodes }, here });
    }),
    replicas: replicas.map(({ server }) => server),
    others: containers.filter((container) => serviceOf(container) === undefined),
  };
}

/** The container of a replica by the replica's name; its Swarm replaces it when it ends. */
function replicaServer(docker: DockerGateway, container: ContainerSummary): Server {
  const [, service = '', slot = ''] = /^(.+)\.(\d+)\.\w+$/.exec(container.labels[swarmLabels.task] ?? '') ?? [];
  return containerServer(docker, { ...container, name: slot === '' ? container.name : `${service}.${slot}` });
}
