import { omitUndefined } from '../../omit-undefined.js';
import { configTarget, keysTarget } from '../cluster/cluster-files.js';
import type { Deployed } from '../cluster/deployed.js';
import { forSwarmTemplate } from '../cluster/reader-escapes.js';
import { readServerSettings, settingOf } from '../cluster/server-settings.js';
import { tmpfsBytes } from '../request/flags/sizes.js';
import { readVariables } from '../text/variables.js';
import type {
  ConfigReference,
  PortConfig,
  ReplicaSpec,
  SecretReference,
  ServiceMount,
  ServiceSpec,
  TaskTemplate,
  UpdateConfig,
} from './spec-types.js';

const nanoseconds = 1e6;
/** A replica that is ill three times in a row is replaced. */
const healthCheck = { Interval: 10_000 * nanoseconds, Retries: 3 };

/** A deployment as a service of a Swarm: `up --swarm` creates it, `export swarm` writes it. Pure. */
export function toServiceSpec(deployed: Deployed): ServiceSpec {
  const { cluster, labels } = deployed;
  return {
    Name: cluster.name,
    Labels: labels,
    TaskTemplate: toTaskTemplate(deployed),
    Mode: { Replicated: { Replicas: cluster.replicas } },
    UpdateConfig: toUpdateConfig(deployed, 'rollback'),
    RollbackConfig: toUpdateConfig(deployed, 'pause'),
    EndpointSpec: { Ports: deployed.ports.map((port) => toPort(port, deployed)) },
  };
}

/** The network that replicas share with those who call them inside the Swarm. */
export function networkOf({ spec, cluster }: Deployed): { readonly name: string; readonly isOwn: boolean } {
  const named = spec.body.HostConfig.NetworkMode;
  return named === undefined ? { name: cluster.name, isOwn: true } : { name: named, isOwn: false };
}

/** The new replica is healthy before an old one goes, where a node can have both; what fails while it is watched is taken back. */
function toUpdateConfig(deployed: Deployed, FailureAction: UpdateConfig['FailureAction']): UpdateConfig {
  const { replicas, parallelism = Math.ceil(replicas / 10), monitorMs } = deployed.cluster;
  return {
    Parallelism: parallelism,
    FailureAction,
    Monitor: monitorMs * nanoseconds,
    Order: hasFixedHostPort(deployed) ? 'stop-first' : 'start-first',
  };
}

/** Whether a replica takes a port of its node, which no second one can have. */
function hasFixedHostPort({ cluster, ports }: Deployed): boolean {
  return cluster.publishMode === 'host' && ports.some(({ isFixed }) => isFixed);
}

function toPort({ published, container, protocol, isFixed }: Deployed['ports'][number], of: Deployed): PortConfig {
  const { publishMode } = of.cluster;
  const isChosen = publishMode === 'host' && !isFixed;
  return {
    Protocol: protocol.toLowerCase(),
    TargetPort: container,
    ...(isChosen ? {} : { PublishedPort: published }),
    PublishMode: publishMode,
  };
}

function toTaskTemplate(deployed: Deployed): TaskTemplate {
  const { spec, cluster, gpus, architecture } = deployed;
  const { NanoCpus, Memory, PidsLimit, LogConfig } = spec.body.HostConfig;
  const amounts = omitUndefined({ NanoCPUs: NanoCpus, MemoryBytes: Memory });
  const gpu = [{ DiscreteResourceSpec: { Kind: cluster.gpuResource, Value: gpus } }];
  return {
    ContainerSpec: toReplica(deployed),
    Resources: {
      Limits: { ...amounts, ...(PidsLimit === undefined ? {} : { Pids: PidsLimit }) },
      Reservations: { ...amounts, ...(gpus === 0 ? {} : { GenericResources: gpu }) },
    },
    RestartPolicy: { Condition: 'any', Delay: 1000 * nanoseconds },
    Placement: {
      Constraints: architecture === undefined ? [] : [`node.platform.arch == ${machineOf(architecture)}`],
      Preferences: [{ Spread: { SpreadDescriptor: 'node.id' } }],
    },
    Networks: [{ Target: networkOf(deployed).name }],
    LogDriver: { Name: LogConfig.Type, Options: LogConfig.Config },
  };
}

/** An architecture in the words of a node. */
function machineOf(architecture: string): string {
  return { amd64: 'x86_64', arm64: 'aarch64' }[architecture] ?? architecture;
}

function toReplica(deployed: Deployed): ReplicaSpec {
  const { spec, ports } = deployed;
  const { body } = spec;
  const { HostConfig } = body;
  const { stopMs } = readServerSettings(spec, ports[0]?.container ?? 8000);
  return {
    Image: body.Image,
    Labels: body.Labels,
    ...(body.Cmd === undefined ? {} : { Args: body.Cmd }),
    Env: Object.entries(toEnvironment(deployed)).map(([name, value]) => `${name}=${value}`),
    ...(body.User === undefined ? {} : { User: body.User }),
    ...(HostConfig.GroupAdd.length === 0 ? {} : { Groups: HostConfig.GroupAdd }),
    Init: HostConfig.Init,
    ReadOnly: true,
    CapabilityDrop: HostConfig.CapDrop,
    ...(HostConfig.CapAdd.length === 0 ? {} : { CapabilityAdd: HostConfig.CapAdd }),
    Privileges: { NoNewPrivileges: true },
    Mounts: toMounts(deployed),
    Healthcheck: healthCheck,
    StopGracePeriod: (Math.ceil(stopMs / 1000) + 5) * 1000 * nanoseconds,
    ...toFiles(deployed),
  };
}

/** Swarm says by a variable of its own which GPUs a replica got; without it the image's own value would give it those of all. */
function toEnvironment({ spec, cluster, gpus, ports }: Deployed): Readonly<Record<string, string>> {
  const { healthPort } = readServerSettings(spec, ports[0]?.container ?? 8000);
  const hasKeys = cluster.keysSecret !== undefined || cluster.files.some(({ target }) => target === keysTarget);
  const ours = {
    SLIPWAY_LOG_FORMAT: 'json',
    // Asked by the image's health check: a thread of its own answers there, so that load is never taken for a fault.
    SLIPWAY_HEALTH_PORT: String(healthPort),
    // The name that gives callers inside the Swarm every replica's address.
    SLIPWAY_ALLOW_HOST: `tasks.${cluster.name}`,
    ...(gpus === 0 ? {} : { NVIDIA_VISIBLE_DEVICES: 'void' }),
    ...(hasKeys ? { SLIPWAY_API_KEYS_FILE: `/run/secrets/${keysTarget}`, SLIPWAY_OPEN_METRICS: 'true' } : {}),
    ...(cluster.files.some(({ kind }) => kind === 'configs') ? { SLIPWAY_CONFIG: configTarget } : {}),
  };
  const isSaid = (name: string): boolean =>
    settingOf(spec, name.slice('SLIPWAY_'.length).toLowerCase().replaceAll('_', '-')) !== undefined;
  const given = Object.entries(readVariables(spec.body.Env)).map(([name, value]) => [name, forSwarmTemplate(value)]);
  return Object.fromEntries([...Object.entries(ours).filter(([name]) => !isSaid(name)), ...given]) as Record<
    string,
    string
  >;
}

function toMounts({ spec }: Deployed): readonly ServiceMount[] {
  const { Mounts, Tmpfs, ShmSize } = spec.body.HostConfig;
  const memory = { '/tmp': '', ...Tmpfs, ...(ShmSize === undefined ? {} : { '/dev/shm': `size=${ShmSize}` }) };
  return [
    ...Mounts.map(({ Type, Source, Target, ReadOnly, TmpfsOptions }) => ({
      Type,
      ...(Source === undefined ? {} : { Source: forSwarmTemplate(Source) }),
      Target,
      ...(ReadOnly ? { ReadOnly } : {}),
      ...toTmpfsOptions(TmpfsOptions?.['SizeBytes'] as number | undefined),
    })),
    ...Object.entries(memory).map(([Target, options]) => ({
      Type: 'tmpfs' as const,
      Target,
      ...toTmpfsOptions(tmpfsBytes(options)),
    })),
  ];
}

function toTmpfsOptions(sizeBytes: number | undefined): Pick<ServiceMount, 'TmpfsOptions'> {
  return sizeBytes === undefined ? {} : { TmpfsOptions: { SizeBytes: sizeBytes } };
}

/** Keys and settings, readable for the server's own user alone. */
function toFiles({ spec, cluster }: Deployed): Pick<ReplicaSpec, 'Secrets' | 'Configs'> {
  const [UID = '1000', GID = UID] = (spec.body.User ?? '1000:1000').split(':');
  const fileAt = (Name: string): SecretReference['File'] => ({ Name, UID, GID, Mode: 0o440 });
  const { keysSecret, files } = cluster;
  const named = (wanted: 'secrets' | 'configs') => files.filter(({ kind }) => kind === wanted);
  return {
    Secrets: [
      ...(keysSecret === undefined ? [] : [{ SecretName: keysSecret, File: fileAt(keysTarget) }]),
      ...named('secrets').map(({ name, target }): SecretReference => ({ SecretName: name, File: fileAt(target) })),
    ],
    Configs: named('configs').map(({ name, target }): ConfigReference => ({ ConfigName: name, File: fileAt(target) })),
  };
}
