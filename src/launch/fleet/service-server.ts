import { AppError } from '../../errors.js';
import type { DockerGateway, LogsQuery } from '../docker/gateway.js';
import type { PublishedPort, StatsSample } from '../docker/types.js';
import type { ServicePort, SwarmNode, SwarmService, SwarmTask } from '../docker/swarm-types.js';
import { containerLabels, isManaged } from '../labels.js';
import { basePathFrom, isTlsFrom } from '../request/server-options.js';
import { urlOf } from '../session/address.js';
import { restartService, scaleService, drainService, removeService } from '../swarm/change.js';
import { findAddresses } from '../swarm/describe.js';
import { numberOf } from '../swarm/plan.js';
import { describeFailure, describeReplicas, isDraining, isWanted, nameOf } from '../swarm/progress.js';
import { readVariables } from '../text/variables.js';
import { asRecord, asTexts } from '../../store/json.js';
import {
  askDevices,
  type Grace,
  type ReplicaFacts,
  type ReplicaOutput,
  type Server,
  type ServerFacts,
} from './server.js';

/** A Swarm as it was when servers were listed. */
export interface SwarmSight {
  readonly tasks: readonly SwarmTask[];
  readonly nodes: readonly SwarmNode[];
}

/** A service of a Swarm: several replicas under one name. `here` are those on this engine. */
export function serviceServer(
  docker: DockerGateway,
  service: SwarmService,
  { sight, here }: { readonly sight: SwarmSight; readonly here: readonly Server[] },
): Server {
  const { id, name, labels } = service;
  const tasks = sight.tasks.filter(({ serviceId }) => serviceId === id);
  const facts = factsOf(service, tasks, sight.nodes);
  const raw = { service: service.raw, replicas: facts.replicas };
  const url = urlFor(docker, service, { ...sight, tasks });
  return {
    name,
    facts,
    labels,
    isOwn: isManaged(labels),
    isUp: service.replicas > 0,
    hasId: (beginning) => id.startsWith(beginning),
    url: () => Promise.resolve(url),
    measure: async () => ({ ...facts, ...(await askDevices(url)) }),
    inspect: () => Promise.resolve({ ...facts, idName: 'service', commandLine: commandOf(service).join(' '), raw }),
    logs: (query) => readLogs(docker, service, query),
    sample: async () => sum(await Promise.all(here.filter(({ isUp }) => isUp).map((replica) => replica.sample()))),
    ...changesOf(docker, service, here),
  };
}

type Changes = Pick<Server, 'start' | 'stop' | 'restart' | 'kill' | 'remove' | 'exec'>;

function changesOf(docker: DockerGateway, service: SwarmService, here: readonly Server[]): Changes {
  const { name, replicas } = service;
  const refuse = (text: string): never => {
    throw new AppError('USAGE', text);
  };
  const withoutGrace = ({ graceSeconds }: Grace = {}): void => {
    if (graceSeconds !== undefined)
      refuse(`-t: the replicas of ${name} drain for as long as their service says. Omit it.`);
  };
  const names = here
    .filter(({ isUp }) => isUp)
    .map((replica) => replica.name)
    .sort();
  return {
    start: () => scaleService(docker, service, numberOf(service) ?? 1),
    stop: (grace) => {
      withoutGrace(grace);
      return drainService(docker, service);
    },
    restart: (grace) => {
      withoutGrace(grace);
      return restartService(docker, service);
    },
    kill: () =>
      refuse(
        `A Swarm replaces what is killed. To end ${name}: launch stop ${name}; one replica: launch kill ${names[0] ?? `${name}.1`}`,
      ),
    remove: ({ force } = {}) => {
      if (replicas === 0 || force === true) return removeService(docker, service);
      throw new AppError('DOCKER_REFUSED', `${name} runs ${replicas} replicas. Stop it first, or add -f.`);
    },
    exec: () => {
      const choice = names.length === 0 ? 'None runs on this engine' : `Those on this engine: ${names.join(', ')}`;
      return refuse(`${name} is several containers; name one. ${choice}.`);
    },
  };
}

function factsOf(service: SwarmService, tasks: readonly SwarmTask[], nodes: readonly SwarmNode[]): ServerFacts {
  const { id, name, labels, replicas, ports, createdAtMs } = service;
  const gpu = JSON.stringify(service.spec).includes('"GenericResources"');
  return {
    kind: 'service',
    name,
    id,
    variant: labels[containerLabels.variant] ?? '-',
    device: gpu ? 'gpu (swarm)' : 'cpu',
    isMeasured: false,
    state: replicas === 0 ? `stopped (${numberOf(service) ?? 0})` : describeReplicas(service, tasks),
    image: labels[containerLabels.image],
    ports: ports.filter(({ mode }) => mode === 'ingress').map((port) => toPublished(port, '0.0.0.0')),
    createdAtMs,
    ...(replicas > 0 ? { upSinceMs: createdAtMs } : {}),
    replicas: currentOf(tasks).map((task) => toReplica(service, task, nodes)),
  };
}

/** Replicas that are to run, and those that drain. */
function currentOf(tasks: readonly SwarmTask[]): readonly SwarmTask[] {
  return tasks
    .filter((task) => isWanted(task) || isDraining(task))
    .sort((one, other) => one.slot - other.slot || one.createdAtMs - other.createdAtMs);
}

function toReplica({ name }: SwarmService, task: SwarmTask, nodes: readonly SwarmNode[]): ReplicaFacts {
  const node = nodes.find(({ id }) => id === task.nodeId);
  const hasFailed = task.state === 'failed' || task.state === 'rejected';
  const waiting = task.error === '' ? task.state : `${task.state}: ${task.error}`;
  return {
    name: nameOf(name, task),
    node: node?.hostname ?? '-',
    state: hasFailed ? describeFailure(task) : isDraining(task) ? 'draining' : waiting,
    sinceMs: task.sinceMs,
    ports: task.ports.map((port) => toPublished(port, node?.address ?? '')),
  };
}

function toPublished({ target, published, protocol }: ServicePort, hostIp: string): PublishedPort {
  return { containerPort: target, protocol, ...(published === undefined ? {} : { hostPort: published, hostIp }) };
}

function containerOf({ spec }: SwarmService) {
  return asRecord(asRecord(spec['TaskTemplate'])['ContainerSpec']);
}

function commandOf(service: SwarmService): readonly string[] {
  return asTexts(containerOf(service)['Args']);
}

function urlFor({ endpoint }: DockerGateway, service: SwarmService, { tasks, nodes }: SwarmSight): string | undefined {
  const env = readVariables(asTexts(containerOf(service)['Env']));
  const args = commandOf(service);
  const { remoteHost } = endpoint;
  const target = Number(service.labels[containerLabels.port] ?? 8000);
  const [address] = findAddresses(target, { service, tasks, nodes, remoteHost });
  if (address === undefined) return undefined;
  const { hostname, port } = new URL(`http://${address}`);
  return urlOf(hostname, Number(port), isTlsFrom(env, args)) + basePathFrom(env, args);
}

/** Each line with the replica that wrote it. */
async function* readLogs(
  { swarm }: DockerGateway,
  service: SwarmService,
  query: LogsQuery,
): AsyncGenerator<ReplicaOutput> {
  const names = new Map<string, string>();
  for await (const { taskId, ...chunk } of swarm.logs(service.id, query)) {
    if (!names.has(taskId)) {
      for (const task of await swarm.tasks([service.id])) names.set(task.id, nameOf(service.name, task));
    }
    // A replica of which the Swarm has forgotten the number goes by its id.
    yield { ...chunk, replica: names.get(taskId) ?? `${service.name}.${taskId.slice(0, 12)}` };
  }
}

/** What replicas consume together. */
function sum(samples: readonly Partial<StatsSample>[]): Partial<StatsSample> {
  const total: Record<string, number> = {};
  for (const [key, value] of samples.flatMap((sample) => Object.entries(sample)))
    total[key] = (total[key] ?? 0) + value;
  return total;
}
