import { toGpuParts } from '../container/spec-parts.js';
import type { DeviceRequest } from '../container/spec-types.js';
import { containerLabels } from '../labels.js';
import { toComposeMount, listVolumes } from './compose-mounts.js';
import { grpcHostPorts, readPorts, type ComposeRequest, type ComposeService } from './compose-request.js';
import { forCompose } from './reader-escapes.js';
import { writeYaml } from './yaml.js';

type Section = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** The Compose Specification's file, as far as it is written here. */
export interface ComposeFile {
  readonly name: string;
  readonly services: Section;
  readonly networks: Section;
  readonly volumes?: Section;
}

/** The servers side by side on one network, each locked down as `launch` does it, with a read-only root besides. Throws USAGE. */
export function toComposeFile(request: ComposeRequest): ComposeFile {
  const { project, services, network, mounts } = request;
  const published = publishedPorts(request);
  const volumes = listVolumes(mounts);
  const file = {
    name: project,
    services: Object.fromEntries(
      services.map((service, index) => [service.name, toService(service, request, published[index] ?? [])]),
    ),
    networks: { [network]: {} },
    ...(Object.keys(volumes).length === 0 ? {} : { volumes }),
  };
  return forCompose(file);
}

/** The file's text, with what to type in its first lines. */
export function formatCompose(request: ComposeRequest): string {
  const { scheme, http, grpc } = readPorts(request);
  const [first] = request.services;
  const [ports = []] = publishedPorts(request);
  const host = hostOf(request);
  const lines = [
    'Made by: launch export compose. Start: docker compose up -d --wait    Stop: docker compose down',
    `From this machine ${scheme}://${host}:${ports[0]?.host ?? ''}; on the network "${request.network}" ${scheme}://${first?.name ?? ''}:${http}`,
    ...(grpc === undefined
      ? []
      : [`gRPC: from this machine ${host}:${ports[1]?.host ?? ''}; on the network ${first?.name ?? ''}:${grpc}`]),
    'For docker compose alone: docker stack deploy (Swarm) passes over restart, tmpfs and security_opt, and Kubernetes reads no Compose file.',
  ];
  return writeYaml([toComposeFile(request)], lines);
}

interface Published {
  readonly host: number;
  readonly container: number;
}

/** Of each service: HTTP's port, then gRPC's where the servers open one. */
function publishedPorts(request: ComposeRequest): readonly (readonly Published[])[] {
  const { http, grpc } = readPorts(request);
  const second = grpc === undefined ? [] : grpcHostPorts(request.services, grpc);
  return request.services.map(({ hostPort }, index) => {
    const host = second[index];
    const own = { host: hostPort, container: http };
    return host === undefined || grpc === undefined ? [own] : [own, { host, container: grpc }];
  });
}

function hostOf({ hostIp }: ComposeRequest): string {
  return hostIp.includes(':') ? `[${hostIp}]` : hostIp;
}

function toService(
  service: ComposeService,
  request: ComposeRequest,
  ports: readonly Published[],
): Readonly<Record<string, unknown>> {
  const { image, build, variant, network, env, serverArgs } = request;
  const gpu = gpuParts(request);
  const environment = { ...gpu.environment, ...env };
  const volumes = [...ownFolder(service), ...request.mounts.map(toComposeMount)];
  return {
    image,
    ...(build === undefined ? {} : { build }),
    ...(serverArgs.length === 0 ? {} : { command: serverArgs }),
    restart: 'unless-stopped',
    // More than the server's own 30 s for requests that run.
    stop_grace_period: '40s',
    ports: ports.map(({ host, container }) => `${hostOf(request)}:${host}:${container}`),
    networks: [network],
    ...(volumes.length === 0 ? {} : { volumes }),
    ...(Object.keys(environment).length === 0 ? {} : { environment }),
    read_only: true,
    tmpfs: ['/tmp'],
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
    labels: {
      [containerLabels.managed]: 'true',
      [containerLabels.variant]: variant,
      [containerLabels.gpuPath]: request.gpu?.kind ?? '',
      [containerLabels.port]: String(ports[0]?.container ?? ''),
    },
    ...gpu.service,
  };
}

function ownFolder({ folder, isReadOnly }: ComposeService): readonly Readonly<Record<string, unknown>>[] {
  if (folder === undefined) return [];
  // Without this a mistyped folder would be made, empty and root's.
  const bind = { create_host_path: false };
  return [{ type: 'bind', source: folder, target: '/srv', read_only: isReadOnly, bind }];
}

interface ComposeGpuParts {
  readonly service: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string>>;
}

/** What `up` gives a container for its GPU, in Compose's words. */
function gpuParts({ gpu }: ComposeRequest): ComposeGpuParts {
  if (gpu === undefined) return { service: {}, environment: {} };
  const { env, runtime, deviceRequests } = toGpuParts(gpu);
  const environment = { SLIPWAY_REQUIRE_GPU: 'true', ...env };
  if (runtime !== undefined) return { service: { runtime }, environment };
  const devices = deviceRequests.map(toReservation);
  return { service: { deploy: { resources: { reservations: { devices } } } }, environment };
}

function toReservation({
  Driver,
  Count,
  DeviceIDs,
  Capabilities,
  Options,
}: DeviceRequest): Readonly<Record<string, unknown>> {
  return {
    driver: Driver,
    ...(DeviceIDs === undefined ? { count: Count === -1 ? 'all' : Count } : { device_ids: DeviceIDs }),
    capabilities: Capabilities?.[0] ?? ['gpu'],
    ...(Options === undefined ? {} : { options: Options }),
  };
}
