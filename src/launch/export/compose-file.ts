import { omitUndefined } from '../../omit-undefined.js';
import { bracket } from '../../protocol/authority.js';
import { toContainerSpec } from '../container/spec.js';
import type { ContainerSpec, DeviceRequest, HostConfig } from '../container/spec-types.js';
import { couldNotAsk } from '../facts/facts.js';
import { containerLabels } from '../labels.js';
import type { MountRequest } from '../request/flags/mount-types.js';
import { plainRequest, type ContainerRequest } from '../request/request.js';
import { readVariables } from '../text/variables.js';
import { toComposeMounts, listVolumes } from './compose-mounts.js';
import { grpcHostPorts, readPorts, type ComposeRequest, type ComposeService } from './compose-request.js';
import { forCompose } from '../cluster/reader-escapes.js';
import { writeYaml } from './yaml.js';

type Section = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** The Compose Specification's file, as far as it is written here. */
export interface ComposeFile {
  readonly name: string;
  readonly services: Section;
  readonly networks: Section;
  readonly volumes?: Section;
}

/** Servers side by side on one network, each as `up` would start it, with a read-only root besides. Throws USAGE. */
export function toComposeFile(request: ComposeRequest): ComposeFile {
  const { project, services, network } = request;
  const published = publishedPorts(request);
  const specs = services.map((service, index) => toSpec(service, request, published[index] ?? []));
  const volumes = listVolumes(specs.flatMap(({ body }) => body.HostConfig.Mounts));
  const file = {
    name: project,
    services: Object.fromEntries(specs.map((spec) => [spec.name, toService(spec, request)])),
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
  const host = bracket(request.hostIp);
  const lines = [
    'Made by: launch export compose. Start: docker compose up -d --wait    Stop: docker compose down',
    `From this machine ${scheme}://${host}:${ports[0]?.host ?? ''}; on the network "${request.network}" ${scheme}://${first?.name ?? ''}:${http}`,
    ...(grpc === undefined
      ? []
      : [`gRPC: from this machine ${host}:${ports[1]?.host ?? ''}; on the network ${first?.name ?? ''}:${grpc}`]),
    'For docker compose alone: docker stack deploy (Swarm) skips restart, tmpfs and security_opt, and Kubernetes reads no Compose file.',
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

/** The container that `up` would start, for an engine that cannot be asked. */
function toSpec(service: ComposeService, request: ComposeRequest, ports: readonly Published[]): ContainerSpec {
  const { variant, image, env, serverArgs, gpu, hostIp } = request;
  const container: ContainerRequest = {
    ...plainRequest.container,
    name: service.name,
    env,
    mounts: [...ownFolder(service), ...request.mounts],
    readOnly: true,
    ports: ports.map(({ host, container: containerPort }) => {
      return { hostIp, hostPort: String(host), containerPort, protocol: 'tcp' };
    }),
  };
  const serverPort = ports[0]?.container ?? plainRequest.serverPort;
  return toContainerSpec(
    { ...plainRequest, mode: 'detached', container, serverArgs, serverPort },
    {
      kind: 'container',
      variant,
      image: { ref: image, source: 'pull' },
      requiresGpu: gpu !== undefined,
      ...(gpu && { gpu }),
    },
    { engine: couldNotAsk('a file is for any machine'), paths: {}, profiles: {} },
  );
}

function ownFolder({ folder, isReadOnly }: ComposeService): readonly MountRequest[] {
  if (folder === undefined) return [];
  return [{ type: 'bind', source: folder, target: '/srv', readOnly: isReadOnly, createSource: false }];
}

/** A container in the words of the Compose Specification. */
function toService({ body }: ContainerSpec, { build, network }: ComposeRequest): Section[string] {
  const { HostConfig } = body;
  const volumes = toComposeMounts(HostConfig);
  const environment = readVariables(body.Env);
  return {
    image: body.Image,
    ...omitUndefined({ build, command: body.Cmd }),
    init: HostConfig.Init,
    restart: HostConfig.RestartPolicy.Name,
    // More than the server's own 30 s for requests that run.
    stop_grace_period: '40s',
    ports: Object.entries(HostConfig.PortBindings).flatMap(([port, bindings]) =>
      bindings.map(({ HostIp, HostPort }) => `${bracket(HostIp)}:${HostPort}:${port.replace('/tcp', '')}`),
    ),
    networks: [network],
    ...(volumes.length === 0 ? {} : { volumes }),
    ...(body.Env.length === 0 ? {} : { environment }),
    read_only: HostConfig.ReadonlyRootfs,
    tmpfs: Object.keys(HostConfig.Tmpfs),
    cap_drop: HostConfig.CapDrop,
    security_opt: HostConfig.SecurityOpt,
    logging: { driver: HostConfig.LogConfig.Type, options: HostConfig.LogConfig.Config },
    // Compose keeps its containers itself: without this label `up` takes none of them for its own of the same kind.
    labels: Object.fromEntries(Object.entries(body.Labels).filter(([name]) => name !== containerLabels.config)),
    ...gpuParts(HostConfig),
  };
}

function gpuParts({ Runtime, DeviceRequests }: HostConfig): Section[string] {
  if (Runtime !== undefined) return { runtime: Runtime };
  if (DeviceRequests.length === 0) return {};
  return { deploy: { resources: { reservations: { devices: DeviceRequests.map(toReservation) } } } };
}

function toReservation({ Driver, Count, DeviceIDs, Capabilities, Options }: DeviceRequest): Section[string] {
  return {
    driver: Driver,
    ...(DeviceIDs === undefined ? { count: Count === -1 ? 'all' : Count } : { device_ids: DeviceIDs }),
    capabilities: Capabilities?.[0] ?? ['gpu'],
    ...(Options === undefined ? {} : { options: Options }),
  };
}
