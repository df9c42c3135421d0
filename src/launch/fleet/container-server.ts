import type { DockerGateway } from '../docker/gateway.js';
import type { ContainerDetails, ContainerSummary } from '../docker/types.js';
import { explainEngineError } from '../failures/explain.js';
import { killedExitCode } from '../failures/out-of-memory.js';
import { containerLabels, isManaged } from '../labels.js';
import { basePathFrom } from '../request/server-options.js';
import { findUrl } from '../session/address.js';
import { readVariables } from '../text/variables.js';
import { askDevices, isUpState, type Server, type ServerDetails, type ServerFacts } from './server.js';

/** A server in a container of this engine. */
export function containerServer(docker: DockerGateway, container: ContainerSummary): Server {
  const { containers } = docker;
  const { id, labels } = container;
  const facts = factsOf(container);
  return {
    name: container.name,
    facts,
    labels,
    isOwn: isManaged(labels),
    isUp: isUpState(container.state),
    hasId: (beginning) => id.startsWith(beginning),
    url: async () => urlFor(await containers.inspect(id), docker.endpoint.remoteHost),
    measure: () => measure(docker, facts),
    inspect: async () => detailsOf(facts, await containers.inspect(id), container.command),
    start: () => containers.start(id).catch(rethrow),
    stop: (grace) => containers.stop(id, grace),
    restart: (grace) => containers.restart(id, grace).catch(rethrow),
    kill: (signal) => containers.kill(id, signal),
    remove: (options) => containers.remove(id, options),
    logs: (query) => containers.logs(id, query),
    sample: () => containers.sample(id),
    exec: (options) => containers.exec(id, options),
  };
}

function factsOf(container: ContainerSummary): ServerFacts {
  const { id, name, labels, state, health, image, ports, createdAtMs, status, sizeBytes } = container;
  const exitCode = /^Exited \((\d+)\)/.exec(status)?.[1];
  return {
    kind: 'container',
    name,
    id,
    variant: labels[containerLabels.variant] ?? '-',
    device: deviceOf(labels),
    isMeasured: false,
    state,
    health,
    image,
    ports,
    createdAtMs,
    exitCode: exitCode === undefined ? undefined : Number(exitCode),
    sizeBytes,
  };
}

function deviceOf(labels: Readonly<Record<string, string>>): string {
  if (!isManaged(labels)) return '?';
  const path = labels[containerLabels.gpuPath] ?? '';
  return path === '' ? 'cpu' : `gpu (${path})`;
}

/** What went meanwhile, or does not answer, stays as the list told. */
async function measure(docker: DockerGateway, facts: ServerFacts): Promise<ServerFacts> {
  const wasKilled = facts.exitCode === killedExitCode;
  if (facts.state !== 'running' && !wasKilled) return facts;
  const details = await docker.containers.inspect(facts.id).catch(() => undefined);
  if (wasKilled) return { ...facts, isOutOfMemory: details?.state.oomKilled === true };
  if (details === undefined) return facts;
  const upSinceMs = startOf(details);
  return { ...facts, upSinceMs, ...(await askDevices(urlFor(details, docker.endpoint.remoteHost))) };
}

function startOf({ state }: ContainerDetails): number | undefined {
  const startedMs = Date.parse(state.startedAt);
  return Number.isNaN(startedMs) ? undefined : startedMs;
}

function urlFor(details: ContainerDetails, remoteHost: string | undefined): string | undefined {
  if (!isManaged(details.labels)) return undefined;
  const { url } = findUrl(details, Number(details.labels[containerLabels.port] ?? 8000), remoteHost);
  return url === undefined ? undefined : url + basePathFrom(readVariables(details.env), details.command);
}

function detailsOf(facts: ServerFacts, details: ContainerDetails, commandLine: string): ServerDetails {
  const { state, restartCount, ports, networks, raw } = details;
  return {
    ...facts,
    idName: 'id',
    upSinceMs: facts.state === 'running' ? startOf(details) : undefined,
    isOutOfMemory: state.oomKilled,
    error: state.error,
    restarts: restartCount,
    ports,
    addresses: networks.map(({ name, ip }) => `${ip === '' ? '-' : ip} (${name})`).join(', '),
    lastCheck: state.healthLog.at(-1)?.output.trim(),
    commandLine,
    raw,
  };
}

function rethrow(thrown: unknown): never {
  throw explainEngineError(thrown);
}
