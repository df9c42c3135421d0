import { omitUndefined } from '../../omit-undefined.js';
import type { Deployed } from '../cluster/deployed.js';
import { forCompose } from '../cluster/reader-escapes.js';
import { networkOf, toServiceSpec } from '../swarm/service-spec.js';
import type { GenericResource, ReplicaSpec, ServiceMount, ServiceSpec, UpdateConfig } from '../swarm/spec-types.js';
import { readVariables } from '../text/variables.js';

/** A stack for `docker stack deploy`: the service that `up --swarm` would create. */
export function toStack(deployed: Deployed): object {
  const { cluster } = deployed;
  const network = networkOf(deployed);
  const spec = toServiceSpec(deployed);
  return forCompose({
    services: { [cluster.name]: toService(spec) },
    networks: { [network.name]: network.isOwn ? { driver: 'overlay' } : { external: true } },
    ...toVolumes(spec),
    ...toFiles(deployed),
  });
}

function toService({ Labels, TaskTemplate, Mode, UpdateConfig, RollbackConfig, EndpointSpec }: ServiceSpec): object {
  const { ContainerSpec, Resources, RestartPolicy, Placement, Networks, LogDriver } = TaskTemplate;
  const { Pids, ...limits } = Resources.Limits;
  const { GenericResources, ...reserved } = Resources.Reservations;
  return {
    ...toContainer(ContainerSpec),
    ports: EndpointSpec.Ports.map(({ TargetPort, PublishedPort, Protocol, PublishMode }) => ({
      target: TargetPort,
      ...(PublishedPort === undefined ? {} : { published: PublishedPort }),
      protocol: Protocol,
      mode: PublishMode,
    })),
    networks: Networks.map(({ Target }) => Target),
    logging: { driver: LogDriver.Name, options: LogDriver.Options },
    deploy: {
      replicas: Mode.Replicated.Replicas,
      labels: Labels,
      update_config: toUpdate(UpdateConfig),
      rollback_config: toUpdate(RollbackConfig),
      restart_policy: { condition: RestartPolicy.Condition, delay: duration(RestartPolicy.Delay) },
      resources: {
        limits: { ...toAmounts(limits), ...(Pids === undefined ? {} : { pids: Pids }) },
        reservations: {
          ...toAmounts(reserved),
          ...(GenericResources === undefined ? {} : { generic_resources: GenericResources.map(toGeneric) }),
        },
      },
      placement: {
        preferences: Placement.Preferences.map(({ Spread }) => ({ spread: Spread.SpreadDescriptor })),
        ...(Placement.Constraints.length === 0 ? {} : { constraints: Placement.Constraints }),
      },
    },
  };
}

function toContainer(spec: ReplicaSpec): object {
  const { Image, Args, Env, User, Groups, Init, ReadOnly, CapabilityDrop, CapabilityAdd, Mounts, Healthcheck } = spec;
  return {
    image: Image,
    ...(Args === undefined ? {} : { command: Args }),
    environment: readVariables(Env),
    ...omitUndefined({ user: User, group_add: Groups }),
    init: Init,
    read_only: ReadOnly,
    cap_drop: CapabilityDrop,
    ...(CapabilityAdd === undefined ? {} : { cap_add: CapabilityAdd }),
    healthcheck: { interval: duration(Healthcheck.Interval), retries: Healthcheck.Retries },
    volumes: Mounts.map(toMount),
    ...toReferences(spec),
    stop_grace_period: duration(spec.StopGracePeriod),
  };
}

function toReferences({ Secrets, Configs }: ReplicaSpec): object {
  const toTarget = ({ Name, UID, GID, Mode }: ReplicaSpec['Secrets'][number]['File']) => ({
    target: Name,
    uid: UID,
    gid: GID,
    mode: Mode,
  });
  const secrets = Secrets.map(({ SecretName, File }) => ({ source: SecretName, ...toTarget(File) }));
  const configs = Configs.map(({ ConfigName, File }) => ({ source: ConfigName, ...toTarget(File) }));
  return { ...(secrets.length === 0 ? {} : { secrets }), ...(configs.length === 0 ? {} : { configs }) };
}

function toMount({ Type, Source, Target, ReadOnly, TmpfsOptions }: ServiceMount): object {
  return {
    type: Type,
    ...(Source === undefined ? {} : { source: Source }),
    target: Target,
    ...(ReadOnly === true ? { read_only: true } : {}),
    ...(TmpfsOptions?.SizeBytes === undefined ? {} : { tmpfs: { size: TmpfsOptions.SizeBytes } }),
  };
}

function toUpdate({ Order, Parallelism, FailureAction, Monitor }: UpdateConfig): object {
  return {
    order: Order,
    parallelism: Parallelism,
    failure_action: FailureAction,
    monitor: duration(Monitor),
  };
}

function toAmounts({ NanoCPUs, MemoryBytes }: { readonly NanoCPUs?: number; readonly MemoryBytes?: number }): object {
  return {
    ...(NanoCPUs === undefined ? {} : { cpus: String(NanoCPUs / 1e9) }),
    ...(MemoryBytes === undefined ? {} : { memory: String(MemoryBytes) }),
  };
}

function toGeneric({ DiscreteResourceSpec: { Kind, Value } }: GenericResource): object {
  return { discrete_resource_spec: { kind: Kind, value: Value } };
}

/** Nanoseconds as Compose reads them. */
function duration(nanoseconds: number): string {
  const ms = nanoseconds / 1e6;
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

function toVolumes({ TaskTemplate }: ServiceSpec): object {
  const names = TaskTemplate.ContainerSpec.Mounts.flatMap(({ Type, Source }) =>
    Type === 'volume' && Source !== undefined ? [Source] : [],
  );
  return names.length === 0 ? {} : { volumes: Object.fromEntries(names.map((name) => [name, { external: true }])) };
}

/** Secrets and configs that a stack makes of files of this machine, or that are there already. */
function toFiles({ cluster }: Deployed): object {
  const { keysSecret, files } = cluster;
  const made = (wanted: 'secrets' | 'configs'): Readonly<Record<string, object>> =>
    Object.fromEntries(
      files.filter(({ kind }) => kind === wanted).map(({ name, path }) => [name, { name, file: path }]),
    );
  const secrets = { ...made('secrets'), ...(keysSecret === undefined ? {} : { [keysSecret]: { external: true } }) };
  const configs = made('configs');
  return {
    ...(Object.keys(secrets).length === 0 ? {} : { secrets }),
    ...(Object.keys(configs).length === 0 ? {} : { configs }),
  };
}
