import type { ContainerSpec } from '../container/spec-types.js';
import type { Deployed } from './deployed.js';
import { forCompose, forSwarmTemplate } from './reader-escapes.js';
import { readVariables } from '../text/variables.js';
import { readServerSettings } from './server-settings.js';

/** A stack for `docker stack deploy`: the server's replicas behind Swarm's own balancer. */
export function toStack(deployed: Deployed): object {
  const { cluster } = deployed;
  return forCompose({
    services: { [cluster.name]: toService(deployed) },
    networks: { [cluster.name]: { driver: 'overlay' } },
    ...toTopLevel(deployed),
  });
}

function toService(deployed: Deployed): object {
  const { spec, cluster, ports } = deployed;
  const { body } = spec;
  const { HostConfig } = body;
  const { stopMs } = readServerSettings(spec, ports[0]?.container ?? 8000);
  return {
    image: body.Image,
    ...(body.Cmd === undefined ? {} : { command: body.Cmd }),
    environment: toEnvironment(deployed),
    ...(body.User === undefined ? {} : { user: body.User }),
    init: HostConfig.Init,
    read_only: true,
    cap_drop: HostConfig.CapDrop,
    ...(HostConfig.CapAdd.length === 0 ? {} : { cap_add: HostConfig.CapAdd }),
    volumes: toVolumes(spec),
    ports: ports.map(({ published, container, protocol }) => ({
      target: container,
      published,
      protocol: protocol.toLowerCase(),
      mode: 'ingress',
    })),
    networks: [cluster.name],
    ...(cluster.keysSecret === undefined
      ? {}
      : { secrets: [{ source: cluster.keysSecret, target: 'api-keys', uid: '1000', gid: '1000', mode: 0o440 }] }),
    logging: { driver: HostConfig.LogConfig.Type, options: HostConfig.LogConfig.Config },
    stop_grace_period: `${Math.ceil(stopMs / 1000) + 5}s`,
    deploy: toDeploy(deployed),
  };
}

/** Swarm says by a variable of its own which GPUs a replica got; without it the image's own value would give it those of all. */
function toEnvironment({ spec, cluster, gpus }: Deployed): Readonly<Record<string, string>> {
  const isolation = gpus === 0 ? {} : { NVIDIA_VISIBLE_DEVICES: 'void' };
  const keys = cluster.keysSecret === undefined ? {} : { SLIPWAY_API_KEYS_FILE: '/run/secrets/api-keys' };
  const given = Object.fromEntries(
    Object.entries(readVariables(spec.body.Env)).map(([name, value]) => [name, forSwarmTemplate(value)]),
  );
  return { SLIPWAY_LOG_FORMAT: 'json', ...isolation, ...keys, ...given };
}

function toVolumes({ body }: ContainerSpec): readonly object[] {
  const { Mounts, Tmpfs, ShmSize } = body.HostConfig;
  const memory = { '/tmp': '', ...Tmpfs, ...(ShmSize === undefined ? {} : { '/dev/shm': `size=${ShmSize}` }) };
  return [
    ...Mounts.map(({ Type, Source, Target, ReadOnly, TmpfsOptions }) => ({
      type: Type,
      ...(Source === undefined ? {} : { source: forSwarmTemplate(Source) }),
      target: Target,
      ...(ReadOnly ? { read_only: true } : {}),
      ...(TmpfsOptions?.['SizeBytes'] === undefined ? {} : { tmpfs: { size: TmpfsOptions['SizeBytes'] } }),
    })),
    ...Object.entries(memory).map(([target, options]) => ({ type: 'tmpfs', target, ...tmpfsSize(options) })),
  ];
}

function tmpfsSize(options: string): object {
  const size = /(?:^|,)size=(\d+[kmg]?)/i.exec(options)?.[1];
  return size === undefined ? {} : { tmpfs: { size } };
}

/** The new replica is healthy before an old one goes; what does not become healthy is taken back. */
function toDeploy({ spec, cluster, gpus, labels, architecture }: Deployed): object {
  const { NanoCpus, Memory } = spec.body.HostConfig;
  const amounts = {
    ...(NanoCpus === undefined ? {} : { cpus: String(NanoCpus / 1e9) }),
    ...(Memory === undefined ? {} : { memory: String(Memory) }),
  };
  const gpu = { generic_resources: [{ discrete_resource_spec: { kind: cluster.gpuResource, value: gpus } }] };
  return {
    replicas: cluster.replicas,
    labels,
    update_config: { order: 'start-first', parallelism: 1, failure_action: 'rollback', monitor: '10s' },
    rollback_config: { order: 'start-first', parallelism: 1 },
    restart_policy: { condition: 'any', delay: '1s' },
    resources: { limits: amounts, reservations: { ...amounts, ...(gpus === 0 ? {} : gpu) } },
    placement: {
      preferences: [{ spread: 'node.id' }],
      ...(architecture === undefined
        ? {}
        : {
            constraints: [
              `node.platform.arch == ${architecture === 'amd64' ? 'x86_64' : architecture === 'arm64' ? 'aarch64' : architecture}`,
            ],
          }),
    },
  };
}

function toTopLevel({ spec, cluster }: Deployed): object {
  const names = spec.body.HostConfig.Mounts.flatMap(({ Type, Source }) =>
    Type === 'volume' && Source !== undefined ? [Source] : [],
  );
  return {
    ...(names.length === 0 ? {} : { volumes: Object.fromEntries(names.map((name) => [name, { external: true }])) }),
    ...(cluster.keysSecret === undefined ? {} : { secrets: { [cluster.keysSecret]: { external: true } } }),
  };
}
