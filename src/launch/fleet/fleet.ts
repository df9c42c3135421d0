import type { Command } from 'commander';
import { AppError } from '../../errors.js';
import { engineAddressOf } from '../cli/engine-flags.js';
import type { EngineAddress, LaunchContext } from '../context.js';
import type { DockerGateway } from '../docker/gateway.js';
import { containerLabels } from '../labels.js';
import { openNative, type NativeRunner } from '../native/runner.js';
import { isOfOrigin, originOf, type Origin } from '../request/origin.js';
import { containerServer } from './container-server.js';
import { nativeServer } from './native-server.js';
import { type Server, isUpState } from './server.js';
import type { ContainerSummary } from '../docker/types.js';
import { listServices } from '../swarm/place.js';
import { serviceServer } from './service-server.js';

/** What runs here: containers of one engine, and servers without one. */
export interface Fleet {
  readonly docker: DockerGateway;
  /** Undefined where the command line names an engine: then its containers alone are meant. */
  readonly native: NativeRunner | undefined;
  /** Whose servers are meant where none is named. */
  readonly origin: Origin;
}

/** The servers that were found; `engineFault` says why containers could not be asked for, where no engine answers. */
export interface ServerList {
  readonly servers: readonly Server[];
  /** Single replicas of services, which a command has to name. */
  readonly replicas: readonly Server[];
  readonly engineFault?: AppError;
}

/** The label, with its value, of everything that launch made. */
export const managedLabel = `${containerLabels.managed}=true`;

/** Opens what a command acts on, by the engine that its line names. Connects to nothing yet. */
export function openFleet(command: Command, context: LaunchContext): Promise<Fleet> {
  return openFleetAt(engineAddressOf(command), context);
}

/** The same of an engine's address; an empty one is the engine that settings name. */
export async function openFleetAt(address: EngineAddress, context: LaunchContext): Promise<Fleet> {
  const isNamed = address.context !== undefined || address.host !== undefined;
  const native = isNamed ? undefined : openNative(context);
  return { docker: await context.openGateway(address), native, origin: originOf(context) };
}

/** Everything that the launcher started, ended ones included; with `all` the engine's other containers too. */
export async function listServers(
  { docker, native }: Pick<Fleet, 'docker' | 'native'>,
  { all, sizes }: { readonly all: boolean; readonly sizes?: boolean },
): Promise<ServerList> {
  const own = native === undefined ? [] : (await native.list()).map((record) => nativeServer(native, record));
  try {
    const labels = all ? undefined : [managedLabel];
    const containers = await docker.containers.list({ all: true, labels, sizes });
    const { services, replicas, others } = await splitSwarm(docker, containers, labels);
    const rest = others.map((container) => containerServer(docker, container));
    return { servers: [...services, ...rest, ...own], replicas };
  } catch (thrown) {
    const isOptional = native !== undefined && thrown instanceof AppError && thrown.code === 'DOCKER_UNREACHABLE';
    if (!isOptional) throw thrown;
    return { servers: own, replicas: [], engineFault: thrown };
  }
}

/** How names on a command line are resolved. */
export interface Selection {
  /** The engine's other containers count too. */
  readonly all: boolean;
  /** Without a name: the only one of this user and project that runs, else the only one at all. */
  readonly soleByDefault: boolean;
  /** Decides on one of others that nobody named; throws where it is not to be touched. Undefined: the command does no harm. */
  readonly permitForeign?: (server: Server) => Promise<void>;
}

/**
 * The servers that names, ids or their beginnings name, each once. Foreign containers only with `all`.
 * Throws CONTAINER_NOT_FOUND with the names that there are, USAGE where a beginning fits several.
 */
export async function findServers(
  fleet: Fleet,
  refs: readonly string[],
  selection: Selection,
): Promise<readonly Server[]> {
  const list = await listServers(fleet, { all: true });
  const inReach = [...list.servers, ...list.replicas].filter(({ isOwn }) => selection.all || isOwn);
  if (refs.length === 0) return [await findSole(list, { ...selection, origin: fleet.origin })];
  return [...new Set(refs.map((ref) => findNamed(ref, inReach, list)))];
}

/** One server by a name or by none. */
export async function findServer(fleet: Fleet, ref: string | undefined, selection: Selection): Promise<Server> {
  const [server] = await findServers(fleet, ref === undefined ? [] : [ref], selection);
  if (server === undefined) throw new AppError('CONTAINER_NOT_FOUND', 'No server is running.');
  return server;
}

function matches(servers: readonly Server[], ref: string): readonly Server[] {
  const named = servers.filter(({ name }) => name === ref);
  if (named.length > 0) return named.slice(0, 1);
  return /^[0-9a-f]+$/.test(ref) ? servers.filter((server) => server.hasId(ref)) : [];
}

/** What a command says where it finds no server that runs. */
export const noneRunning = 'No server is running. Start a server with: launch up';

const namesOf = (servers: readonly Server[]): string => servers.map(({ name }) => name).join(', ');

function findNamed(ref: string, inReach: readonly Server[], list: ServerList): Server {
  const found = matches(inReach, ref);
  const [server, ...others] = found;
  if (server === undefined) throw missing(ref, inReach, list);
  if (others.length === 0) return server;
  throw new AppError('USAGE', `"${ref}" matches several ids: ${namesOf(found)}. Give more characters, or a name.`);
}

function missing(ref: string, inReach: readonly Server[], { servers, engineFault }: ServerList): AppError {
  const details = { ref };
  if (matches(servers, ref).length > 0) {
    const text = `${ref} is a container that launch did not start. Add --all to act on it anyway.`;
    return new AppError('CONTAINER_NOT_FOUND', text, { details });
  }
  const [up, down] = [inReach.filter(({ isUp }) => isUp), inReach.filter(({ isUp }) => !isUp)];
  const listed = (word: string, some: readonly Server[]): string =>
    some.length === 0 ? '' : ` ${word}: ${namesOf(some)}.`;
  const known = `${listed('Running', up)}${listed('Ended', down)}`;
  const fault = engineFault === undefined ? '' : `\n${engineFault.message}`;
  const text = `There is no server named ${ref}.${known === '' ? ' None was started yet. Start one with: launch up' : known}${fault}`;
  return new AppError('CONTAINER_NOT_FOUND', text, { details, ...(engineFault ? { cause: engineFault } : {}) });
}

async function findSole(
  { servers, engineFault }: ServerList,
  { soleByDefault, origin, permitForeign }: Selection & Pick<Fleet, 'origin'>,
): Promise<Server> {
  const running = servers.filter(({ isOwn, isUp }) => isOwn && isUp);
  const here = running.filter(({ labels }) => isOfOrigin(labels, origin));
  const up = here.length > 0 ? here : running;
  const [sole, ...others] = up;
  if (sole === undefined) {
    const fault = engineFault === undefined ? '' : `\n${engineFault.message}`;
    throw new AppError('CONTAINER_NOT_FOUND', `${noneRunning}${fault}`);
  }
  if (!soleByDefault || others.length > 0) throw new AppError('USAGE', `Say which one. Running: ${namesOf(up)}.`);
  if (here.length === 0) await permitForeign?.(sole);
  return sole;
}

/** Labels that a Swarm gives to the containers of its replicas. */
const swarmLabels = { service: 'com.docker.swarm.service.id', task: 'com.docker.swarm.task.name' } as const;

/** Services of the Swarm that an engine manages, with their replicas in containers of this engine. */
interface SwarmServers {
  readonly services: readonly Server[];
  /** `slipway.1`, ...: those that run before those that ended. */
  readonly replicas: readonly Server[];
  /** Containers that are nobody's replicas. */
  readonly others: readonly ContainerSummary[];
}

/** Tells containers of replicas from the others. An engine that manages no Swarm has no services. */
async function splitSwarm(
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
