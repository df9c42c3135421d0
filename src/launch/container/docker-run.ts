import { bracket } from '../../protocol/authority.js';
import type { ApiMount, ContainerSpec, CreateBody, DeviceRequest, HostConfig } from './spec-types.js';

/** The `docker run` line that makes the same container, quoted for a POSIX shell; `docker` names the engine where that is needed. */
export function toDockerRun(
  spec: ContainerSpec,
  options: { readonly isDetached: boolean; readonly docker?: readonly string[] },
): string {
  return [...(options.docker ?? ['docker']), 'run', ...toRunArguments(spec, options)].map(quote).join(' ');
}

/** The same as a list of arguments for `docker run`. */
export function toRunArguments(
  { name, platform, body }: ContainerSpec,
  options: { readonly isDetached: boolean },
): readonly string[] {
  const entrypoint = body.Entrypoint ?? [];
  return [
    ...(options.isDetached ? ['--detach'] : []),
    ...(body.Tty ? ['--interactive', '--tty'] : []),
    ...flag('--name', [name]),
    ...(platform === undefined ? [] : ['--platform', platform]),
    ...lifetime(body.HostConfig),
    ...(body.StopTimeout === undefined ? [] : ['--stop-timeout', String(body.StopTimeout)]),
    ...security(body),
    ...(body.Healthcheck === undefined ? [] : ['--no-healthcheck']),
    ...storage(body.HostConfig),
    ...devices(body.HostConfig),
    ...network(body),
    ...limits(body.HostConfig),
    ...flag('--env', body.Env),
    ...flag(
      '--label',
      Object.entries(body.Labels).map(([key, value]) => `${key}=${value}`),
    ),
    ...flag('--entrypoint', entrypoint.slice(0, 1)),
    body.Image,
    ...entrypoint.slice(1),
    ...(body.Cmd ?? []),
  ];
}

function flag(name: string, values: readonly string[]): readonly string[] {
  return values.flatMap((value) => [name, value]);
}

function lifetime({ Init, AutoRemove, RestartPolicy, LogConfig }: HostConfig): readonly string[] {
  const retries = RestartPolicy.MaximumRetryCount > 0 ? `:${RestartPolicy.MaximumRetryCount}` : '';
  return [
    ...(Init ? ['--init'] : []),
    ...(AutoRemove ? ['--rm'] : []),
    ...(RestartPolicy.Name === 'no' ? [] : ['--restart', RestartPolicy.Name + retries]),
    '--log-driver',
    LogConfig.Type,
    ...flag(
      '--log-opt',
      Object.entries(LogConfig.Config).map(([key, value]) => `${key}=${value}`),
    ),
  ];
}

function security({ User, HostConfig }: CreateBody): readonly string[] {
  return [
    ...flag('--security-opt', HostConfig.SecurityOpt),
    ...flag('--cap-drop', HostConfig.CapDrop),
    ...flag('--cap-add', HostConfig.CapAdd),
    ...(HostConfig.ReadonlyRootfs ? ['--read-only'] : []),
    ...(User === undefined ? [] : ['--user', User]),
    ...flag('--group-add', HostConfig.GroupAdd),
  ];
}

function storage({ Mounts, Binds, Tmpfs }: HostConfig): readonly string[] {
  return [
    ...Mounts.flatMap((mount) => mountFlag(mount)),
    ...flag('--volume', Binds),
    ...flag(
      '--tmpfs',
      Object.entries(Tmpfs).map(([path, options]) => (options === '' ? path : `${path}:${options}`)),
    ),
  ];
}

function mountFlag(mount: ApiMount): readonly string[] {
  const { Type, Source, Target, ReadOnly, Consistency } = mount;
  const options = { ...mount.BindOptions, ...mount.VolumeOptions, ...mount.TmpfsOptions };
  // Only -v makes a missing folder, in every version of the docker CLI, and takes no path with a colon.
  const isPlain = [Source?.replace(/^[A-Za-z]:/, ''), Target].every((path) => path?.includes(':') !== true);
  if (options['CreateMountpoint'] === true && Source !== undefined && isPlain) {
    const words = [
      ...(ReadOnly ? ['ro'] : []),
      ...(typeof options['Propagation'] === 'string' ? [options['Propagation']] : []),
    ];
    return ['--volume', [Source, Target, ...(words.length === 0 ? [] : [words.join(',')])].join(':')];
  }
  const fields = [
    `type=${Type}`,
    ...(Source === undefined ? [] : [`source=${Source}`]),
    `target=${Target}`,
    ...(ReadOnly ? ['readonly'] : []),
    ...(Consistency === undefined ? [] : [`consistency=${Consistency}`]),
    ...Object.entries(options).flatMap(([key, value]) => optionFields(key, value)),
  ];
  return [
    '--mount',
    fields.map((field) => (/[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(','),
  ];
}

function optionFields(key: string, value: unknown): readonly string[] {
  if (key === 'Labels') return pairs('volume-label', value);
  if (key === 'DriverConfig') {
    const { Name, Options } = value as { Name: string; Options: unknown };
    return [`volume-driver=${Name}`, ...pairs('volume-opt', Options)];
  }
  const names: Readonly<Record<string, string>> = {
    Propagation: `bind-propagation=${String(value)}`,
    NonRecursive: 'bind-recursive=disabled',
    ReadOnlyNonRecursive: 'bind-recursive=writable',
    ReadOnlyForceRecursive: 'bind-recursive=readonly',
    NoCopy: 'volume-nocopy',
    Subpath: `volume-subpath=${String(value)}`,
    SizeBytes: `tmpfs-size=${String(value)}`,
    Mode: `tmpfs-mode=${Number(value).toString(8)}`,
  };
  const field = names[key];
  return field === undefined ? [] : [field];
}

function pairs(name: string, record: unknown): readonly string[] {
  return Object.entries(record as Readonly<Record<string, string>>).map(([key, value]) => `${name}=${key}=${value}`);
}

function devices({ Devices, DeviceRequests, Runtime }: HostConfig): readonly string[] {
  const paths = Devices.map(
    ({ PathOnHost, PathInContainer, CgroupPermissions }) => `${PathOnHost}:${PathInContainer}:${CgroupPermissions}`,
  );
  return [
    ...(Runtime === undefined ? [] : ['--runtime', Runtime]),
    ...flag('--device', [
      ...paths,
      ...DeviceRequests.filter(({ Driver }) => Driver === 'cdi').flatMap(({ DeviceIDs = [] }) => DeviceIDs),
    ]),
    ...flag('--gpus', DeviceRequests.filter(({ Driver }) => Driver !== 'cdi').map(gpusValue)),
  ];
}

function gpusValue({ Driver, Count, DeviceIDs, Capabilities, Options }: DeviceRequest): string {
  const field = (text: string): string => (text.includes(',') ? `"${text}"` : text);
  const extra = (Capabilities?.[0] ?? []).filter((name) => name !== 'gpu');
  return [
    ...(DeviceIDs === undefined
      ? [Count === -1 ? 'all' : `count=${Count ?? 1}`]
      : [field(`device=${DeviceIDs.join(',')}`)]),
    `driver=${Driver}`,
    ...(extra.length === 0 ? [] : [field(`capabilities=${extra.join(',')}`)]),
    ...(Options === undefined
      ? []
      : [
          field(
            `options=${Object.entries(Options)
              .map(([key, value]) => `${key}=${value}`)
              .join(',')}`,
          ),
        ]),
  ].join(',');
}

function network({ HostConfig }: CreateBody): readonly string[] {
  const published = Object.entries(HostConfig.PortBindings).flatMap(([port, bindings]) =>
    bindings.map(({ HostIp, HostPort }) => `${bracket(HostIp)}:${HostPort}:${port}`),
  );
  return [
    ...flag('--publish', published),
    ...(HostConfig.NetworkMode === undefined ? [] : ['--network', HostConfig.NetworkMode]),
  ];
}

function limits({ Memory, NanoCpus, ShmSize, PidsLimit, Ulimits }: HostConfig): readonly string[] {
  const given = (name: string, value: number | undefined): readonly string[] =>
    value === undefined ? [] : [name, String(value)];
  return [
    ...given('--memory', Memory),
    ...given('--cpus', NanoCpus === undefined ? undefined : NanoCpus / 1e9),
    ...given('--shm-size', ShmSize),
    ...given('--pids-limit', PidsLimit),
    ...flag(
      '--ulimit',
      Ulimits.map(({ Name, Soft, Hard }) => `${Name}=${Soft}:${Hard}`),
    ),
  ];
}

/** A word as a POSIX shell reads it back. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
