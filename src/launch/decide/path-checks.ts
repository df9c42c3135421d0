import { AppError } from '../../errors.js';
import type { Facts } from '../facts/facts.js';
import { checkModels } from './model-place.js';
import type { MountRequest } from '../request/flags/mount-types.js';
import { publishedPorts, type ContainerRequest, type LaunchRequest } from '../request/request.js';
import { hostFrom, serverOption } from '../request/server-options.js';

/** Refuses folders and devices that are not there, before anything is built; answers notes about likely slips. */
export function checkPaths(request: LaunchRequest, facts: Facts): readonly string[] {
  const { container } = request;
  const isMissing = (path: string): boolean => {
    const fact = facts.paths[path];
    return fact?.state === 'known' && fact.value.kind === 'missing';
  };
  for (const mount of container.mounts) {
    if (mount.type !== 'bind' || mount.createSource || !isMissing(mount.source)) continue;
    throw new AppError(
      'USAGE',
      `--mount: there is no ${mount.source} on this machine.\n  fix: mkdir -p ${mount.source}, or correct the path`,
      { details: { path: mount.source } },
    );
  }
  for (const device of container.devices) {
    if (device.kind !== 'path' || !isMissing(device.host)) continue;
    throw new AppError(
      'USAGE',
      `--device: there is no ${device.host} on this machine.\n  fix: ls -l /dev, or omit --device`,
      { details: { path: device.host } },
    );
  }
  checkModels(request, facts);
  return [
    ...container.mounts.flatMap((mount) => noteOnVolume(mount, facts)),
    ...noteOnLabels(request, facts),
    ...noteOnLimits(request, facts),
    ...noteOnUnusedPorts(request),
    ...noteOnOpenPort(request),
    ...noteOnFewPids(request),
  ];
}

/** A folder without an SELinux label for containers, where the engine confines them by it: permission denied whatever its mode says. */
function noteOnLabels({ container, variant }: LaunchRequest, { engine }: Facts): readonly string[] {
  if (engine.state === 'unknown' || variant === 'native') return [];
  const { securityOptions, kind } = engine.value.info;
  const isConfined = securityOptions.some((option) => /^(name=)?selinux$/.test(option));
  const isFreed = container.securityOptions.some((option) => /^label[=:]disable$/.test(option));
  // A GPU by CDI switches labels off there.
  if (!isConfined || isFreed || (kind === 'podman' && /^(gpu|cuda)$/.test(variant))) return [];
  return container.mounts.flatMap((mount) =>
    mount.type === 'bind' && mount.relabel === undefined
      ? [
          `the engine confines containers by SELinux, which may keep the server from ${mount.source}: label it for containers, -v ${mount.source}:${mount.target}:z`,
        ]
      : [],
  );
}

/** Limits that a rootless engine without cgroups v2 has no way to set; Podman leaves them out unsaid. */
function noteOnLimits({ container, variant }: LaunchRequest, { engine }: Facts): readonly string[] {
  if (engine.state === 'unknown' || variant === 'native') return [];
  const { rootless, cgroupVersion, kind } = engine.value.info;
  const { memoryBytes, nanoCpus, pidsLimit } = container;
  const given = Object.entries({ '--memory': memoryBytes, '--cpus': nanoCpus, '--pids-limit': pidsLimit });
  const flags = given.flatMap(([flag, value]) => (value === undefined ? [] : [flag]));
  if (kind !== 'podman' || !rootless || cgroupVersion !== '1' || flags.length === 0) return [];
  return [`rootless Podman on cgroups v1 sets no limits, and leaves out ${flags.join(', ')}`];
}

/** Ports that a network does not publish. */
function noteOnUnusedPorts(request: LaunchRequest): readonly string[] {
  const { ports, network } = request.container;
  if (ports.length === 0 || publishedPorts(request).length > 0) return [];
  const instead = network === 'host' ? '; the port of the host that the server takes is set by -- --port' : '';
  return [`-p publishes nothing with --network ${network ?? ''}${instead}`];
}

/** Threads that a server and its runtime start before they compute, with some to spare. */
const fewestPids = 32;

/** A limit of processes that leaves a server without some of its threads: it then dies without a word, or hangs. */
function noteOnFewPids({ container: { pidsLimit } }: LaunchRequest): readonly string[] {
  if (pidsLimit === undefined || pidsLimit <= 0 || pidsLimit >= fewestPids) return [];
  return [
    `--pids-limit ${pidsLimit} counts threads too, and a server has about 20, and one more for each core: with fewer than ${fewestPids} it may not start`,
  ];
}

/** A volume of the name of a folder. */
function noteOnVolume(mount: MountRequest, facts: Facts): readonly string[] {
  if (mount.type !== 'volume' || mount.source === undefined) return [];
  const fact = facts.paths[`./${mount.source}`];
  const isFolder = fact?.state === 'known' && fact.value.kind === 'folder';
  return isFolder ? [`${mount.source} is a volume's name; for the folder of this name type ./${mount.source}`] : [];
}

/** A server without keys on an address that other machines reach. */
function noteOnOpenPort(request: LaunchRequest): readonly string[] {
  const { container, serverArgs } = request;
  const { env } = container;
  if (request.mode === 'shell') return [];
  const hosts =
    container.network === 'host' ? [hostFrom(env, serverArgs)] : publishedPorts(request).map(({ hostIp }) => hostIp);
  return noteOnOpenHosts(hosts, { env, serverArgs });
}

/** The warning about servers that are published on these addresses, where others reach one of them and no key is asked for. */
export function noteOnOpenHosts(
  hosts: readonly string[],
  { env, serverArgs }: Pick<ContainerRequest, 'env'> & Pick<LaunchRequest, 'serverArgs'>,
): readonly string[] {
  const hasKeys = ['api-keys', 'api-keys-file'].some((name) => (serverOption(env, serverArgs, name) ?? '') !== '');
  if (hasKeys) return [];
  const isLoopback = (host: string): boolean => /^(127\.|::1$|\[::1\]$|localhost$)/.test(host);
  const open = hosts.find((host) => !isLoopback(host));
  if (open === undefined) return [];
  const where = open === '' ? 'every address' : open;
  return [
    `other machines reach this server at ${where}, and it needs no API key: set -e SLIPWAY_API_KEYS=..., or publish it on 127.0.0.1`,
  ];
}
