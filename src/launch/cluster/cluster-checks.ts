import { AppError } from '../../errors.js';
import type { MountRequest, VolumeMount } from '../request/flags/mount-types.js';
import type { LaunchRequest } from '../request/request.js';

/** A flag of `up` with why a cluster cannot give it. */
type Objection = readonly [flag: string, reason: string];

/** Where a server's replicas run. */
export type ClusterKind = 'kubernetes' | 'kserve' | 'swarm';

/** Refuses what has no counterpart in a cluster, with what to type instead. Throws USAGE. */
export function refuseForCluster(request: LaunchRequest, kind: ClusterKind): void {
  const [first] = objections(request, kind);
  if (first !== undefined) throw new AppError('USAGE', `${first[0]}: ${first[1]}.`, { details: { flag: first[0] } });
}

function objections(request: LaunchRequest, kind: ClusterKind): readonly Objection[] {
  const { mounts, devices } = request.container;
  const fixOf = (device: 'cdi' | 'path'): string =>
    device === 'cdi'
      ? 'a cluster assigns GPUs by count. Type --gpus 1'
      : 'a cluster assigns devices through its own plugins. Omit it';
  return [
    ...devices.map((device): Objection => [
      `--device ${device.kind === 'cdi' ? device.name : device.host}`,
      fixOf(device.kind),
    ]),
    ...mounts.flatMap((mount) => (kind === 'swarm' ? objectToSwarmMount(mount) : objectToMount(mount))),
    ...objectToRights(request),
    ...objectToRest(request, kind),
  ];
}

function when(isSo: boolean, flag: string, reason: string): readonly Objection[] {
  return isSo ? [[flag, reason]] : [];
}

function objectToRights({ container }: LaunchRequest): readonly Objection[] {
  const { ulimits, securityOptions, user, groupAdd } = container;
  const [ulimit] = ulimits;
  const [option] = securityOptions;
  const group = groupAdd.find((text) => !/^\d+$/.test(text));
  const isNumeric = user === undefined || /^\d+(:\d+)?$/.test(user);
  return [
    ...when(ulimit !== undefined, `--ulimit ${ulimit?.name ?? ''}`, 'limits of processes are set by the node. Omit it'),
    ...when(
      option !== undefined,
      `--security-opt ${option ?? ''}`,
      'the export sets the strictest options. Omit it, and edit the file if it must be weaker',
    ),
    ...when(!isNumeric, `--user ${user ?? ''}`, 'a cluster needs a numeric user ID. Type --user 1000:1000'),
    ...when(group !== undefined, `--group-add ${group ?? ''}`, 'a cluster needs a numeric group ID'),
  ];
}

function objectToRest({ container, mode }: LaunchRequest, kind: ClusterKind): readonly Objection[] {
  const { network, labels, platform } = container;
  const label = Object.entries(labels).find(([key, value]) => !isLabel(key, value));
  return [
    ...when(mode === 'shell', '-it', 'a cluster starts servers, no shells. Omit it; kubectl exec -it opens one'),
    ...when(
      network !== undefined && (kind !== 'swarm' || /^(host|none|bridge|container:.*)$/.test(network)),
      `--network ${network ?? ''}`,
      kind === 'swarm'
        ? 'replicas need an overlay network. Name one, or omit it'
        : 'replicas have the network of the cluster. Omit it',
    ),
    ...when(
      label !== undefined,
      `--label ${label?.join('=') ?? ''}`,
      'labels of a cluster are at most 63 letters, digits, -, _ and ., beginning and ending with a letter or digit',
    ),
    ...when(
      platform?.startsWith('linux/') === false,
      `--platform ${platform ?? ''}`,
      'the images are for Linux. Type --platform linux/amd64',
    ),
  ];
}

function objectToMount(mount: MountRequest): readonly Objection[] {
  if (mount.type === 'bind') {
    const fix = `Put the models into a claim (--mount type=volume,source=NAME,target=${mount.target},readonly) or into an image (--model-image)`;
    return [[`--mount ${mount.source}:${mount.target}`, `this machine's folders are not in a cluster. ${fix}`]];
  }
  if (mount.type === 'tmpfs') return [];
  const { source, driver } = mount;
  const hasMore = driver !== undefined || hasEntries(mount);
  if (hasMore)
    return [
      [
        `--mount ${source ?? ''}:${mount.target}`,
        'a claim has its own driver and labels. Omit volume-driver, volume-opt and volume-label',
      ],
    ];
  if (source === undefined || isName(source)) return [];
  return [
    [
      `--mount ${source}:${mount.target}`,
      `${source} is not a valid claim name. Expected lower-case letters, digits, - and .`,
    ],
  ];
}

/** Swarm gives folders and volumes of the node on which a replica runs. */
function objectToSwarmMount(mount: MountRequest): readonly Objection[] {
  const isPlain =
    mount.type === 'bind'
      ? mount.relabel === undefined
      : mount.type === 'tmpfs' || (mount.subpath === undefined && mount.driver === undefined && !hasEntries(mount));
  const reason = 'a stack supports only source, target and readonly of a mount. Omit the other options';
  return isPlain ? [] : [[`--mount ${'source' in mount ? (mount.source ?? '') : ''}:${mount.target}`, reason]];
}

function hasEntries({ driverOptions, labels }: VolumeMount): boolean {
  return Object.keys({ ...driverOptions, ...labels }).length > 0;
}

/** Flags that were given and say nothing in a cluster, as one note. */
export function unsaidInCluster({ container, gpuMode, mode }: LaunchRequest, kind: ClusterKind): readonly string[] {
  const { restart, remove, init, logDriver, logOptions, pidsLimit } = container;
  const given = (flag: string, isGiven: boolean): readonly string[] => (isGiven ? [flag] : []);
  const isPod = kind !== 'swarm';
  const flags = [
    ...given('-d', mode === 'detached'),
    ...given('--rm', remove !== undefined),
    ...given('--restart', restart !== undefined),
    ...given('--no-init', isPod && !init),
    ...given('--log-driver', isPod && logDriver !== 'json-file'),
    ...given('--log-opt', isPod && Object.keys(logOptions).length > 0),
    ...given('--pids-limit', isPod && pidsLimit !== undefined),
    ...given('--gpu-mode', gpuMode !== 'auto'),
  ];
  return flags.length === 0 ? [] : [`in a cluster these have no effect: ${flags.join(', ')}`];
}

/** Names of services and deployments: RFC 1035, with room for what pods add to them. */
export function isServiceName(text: string): boolean {
  return /^[a-z]([-a-z0-9]{0,50}[a-z0-9])?$/.test(text);
}

/** Names of claims, secrets and namespaces: RFC 1123. */
export function isName(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text);
}

function isLabel(key: string, value: string): boolean {
  const part = /^[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/;
  const at = key.indexOf('/');
  const prefix = at < 0 ? 'x' : key.slice(0, at);
  return isName(prefix) && part.test(key.slice(at + 1)) && (value === '' || part.test(value));
}
