import { AppError } from '../../errors.js';
import { editions } from '../editions.js';
import { couldNotAsk } from '../facts/facts.js';
import { containerLabels, imageOf, type ContainerVariant } from '../labels.js';
import { toContainerSpec } from '../container/spec.js';
import { insistsOnGpu, publishedPorts, type LaunchRequest } from '../request/request.js';
import { refuseForCluster, unsaidInCluster, type ClusterKind } from './cluster-checks.js';
import type { ClusterOptions, Deployed, DeployedPort } from './deployed.js';
import { settingOf } from './server-settings.js';

/** What a cluster is to run, with what has to be said about it. */
export interface ForCluster {
  readonly deployed: Deployed;
  readonly notes: readonly string[];
  /** For a file alone, which others read elsewhere. */
  readonly fileNotes: readonly string[];
}

/** A replica has these unless --cpus and --memory say otherwise: without a limit each would make threads for all of its node's CPUs. */
const usual = { nanoCpus: 2e9, memoryBytes: 2 * 1024 ** 3 } as const;

/** The container that `up` would start, for machines that cannot be asked. Pure. Throws USAGE for what a cluster cannot give. */
export function toDeployed(request: LaunchRequest, cluster: ClusterOptions, kind: ClusterKind): ForCluster {
  refuseForCluster(request, kind);
  const variant = chooseVariant(request);
  const container = { ...usual, ...request.container };
  const ref = request.image ?? (variant === 'cpu' ? imageOf(variant) : (editions[variant][0]?.tag ?? imageOf(variant)));
  const spec = toContainerSpec(
    { ...request, container },
    // How GPUs reach the container is the cluster's matter.
    { kind: 'container', variant, image: { ref, source: 'pull' }, requiresGpu: variant !== 'cpu' },
    { engine: couldNotAsk('a cluster is another machine'), paths: {}, profiles: {} },
  );
  const labels = {
    ...request.container.labels,
    [containerLabels.variant]: variant,
    [containerLabels.config]: spec.configHash,
  };
  const { platform } = request.container;
  const deployed: Deployed = {
    spec,
    cluster,
    labels,
    gpus: variant === 'cpu' ? 0 : gpuCount(request),
    ports: toPorts(request, settingOf(spec, 'grpc-port')),
    pull: request.pull,
    ...(platform === undefined ? {} : { architecture: platform.split('/')[1] ?? platform }),
  };
  return {
    deployed,
    notes: [
      ...toNotes(request, deployed),
      ...(kind === 'swarm' ? swarmNotes(request, deployed) : []),
      ...unsaidInCluster(request, kind),
    ],
    fileNotes: toFileNotes(request, deployed),
  };
}

function chooseVariant(request: LaunchRequest): ContainerVariant {
  if (request.variant === 'native')
    throw new AppError(
      'USAGE',
      '--variant native starts no container, and a cluster runs only containers. Type --variant cpu.',
    );
  if (request.variant !== 'auto') return request.variant;
  return insistsOnGpu(request) ? 'gpu' : 'cpu';
}

function gpuCount({ gpus }: LaunchRequest): number {
  const selection = gpus?.selection ?? { kind: 'count', count: 1 };
  if (selection.kind === 'count') return selection.count;
  const count = selection.kind === 'ids' ? selection.ids.length : 1;
  const asked = selection.kind === 'ids' ? `device=${selection.ids.join(',')}` : 'all';
  throw new AppError(
    'USAGE',
    `--gpus ${asked}: a cluster chooses the GPUs itself and needs only their number. Type --gpus ${count}.`,
  );
}

function toPorts(request: LaunchRequest, grpcPort: string | undefined): readonly DeployedPort[] {
  const toPort = ({ hostPort, containerPort, protocol }: ReturnType<typeof publishedPorts>[number]): DeployedPort => {
    const published = hostPort === '' ? containerPort : Number(hostPort);
    const isFixed = hostPort !== '' && request.container.ports.length > 0;
    if (Number.isInteger(published))
      return { published, container: containerPort, protocol: protocolOf(protocol), isFixed };
    throw new AppError(
      'USAGE',
      `-p ${hostPort}:${containerPort}: a service has one port, not a choice of them. Type -p ${containerPort}.`,
    );
  };
  const ports = publishedPorts(request).map(toPort);
  const isServer = ({ container, protocol }: DeployedPort): boolean =>
    container === request.serverPort && protocol === 'TCP';
  const [server] = ports.filter(isServer);
  const own = (port: number): DeployedPort => ({ published: port, container: port, protocol: 'TCP', isFixed: false });
  const first = server ?? own(request.serverPort);
  const others = ports.filter((port) => !isServer(port));
  const grpc = Number(grpcPort ?? 0);
  const isGrpcMissing = grpc > 0 && !others.some(({ container }) => container === grpc);
  return [first, ...others, ...(isGrpcMissing ? [own(grpc)] : [])];
}

function protocolOf(protocol: 'tcp' | 'udp' | 'sctp'): DeployedPort['protocol'] {
  return protocol.toUpperCase() as DeployedPort['protocol'];
}

function toNotes(request: LaunchRequest, { gpus, cluster }: Deployed): readonly string[] {
  const { nanoCpus, memoryBytes } = request.container;
  return [
    ...(nanoCpus === undefined ? ['each replica may use 2 CPUs; --cpus changes this'] : []),
    ...(memoryBytes === undefined ? ['each replica may use 2 GiB; --memory changes this'] : []),
    ...(gpus === 0
      ? []
      : [
          `a rolling update starts the new replica first, which takes ${gpus} GPU${gpus === 1 ? '' : 's'} more than the replicas have`,
        ]),
    ...(cluster.maxReplicas !== undefined && cluster.scaler === 'hpa'
      ? ['the autoscaler reads slipway_queue_seconds, which an adapter must provide: docs/scale.md has the rule']
      : []),
  ];
}

function toFileNotes(request: LaunchRequest, { spec }: Deployed): readonly string[] {
  const { Image, Env } = spec.body;
  const hasRegistry = /^[^/]+[.:][^/]*\/|^localhost\//.test(Image);
  const clear = Env.filter((text) => /^[A-Z_]*(KEYS|TOKEN|SECRET|PASSWORD)=/.test(text)).map(
    (text) => text.split('=')[0] ?? '',
  );
  return [
    ...(hasRegistry || request.pull === 'never'
      ? []
      : [
          `${Image} names no registry: push it to one that the cluster reaches and name it with --image, or give it to every node and add --pull never`,
        ]),
    ...(clear.length === 0
      ? []
      : [`${clear.join(', ')} would be readable in the file; --keys-secret NAME takes keys from a Secret`]),
  ];
}

function swarmNotes({ container }: LaunchRequest, { cluster, ports }: Deployed): readonly string[] {
  const places = container.mounts.flatMap((mount) => (mount.type === 'tmpfs' ? [] : [mount.source ?? mount.target]));
  const published = {
    ingress: 'Swarm publishes the port on every address of every node: a firewall decides who reaches it',
    host: ports.some(({ isFixed }) => isFixed)
      ? 'a node has its port once: it holds one replica, which an update ends before the new one starts'
      : 'each replica gets a port that its node chooses: launch ps lists them for the load balancer',
  }[cluster.publishMode];
  return [published, ...(places.length === 0 ? [] : [`every node needs its own ${places.join(', ')}`])];
}
