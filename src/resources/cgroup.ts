import { posix } from 'node:path';

/** A CPU quota: the share of one or more CPUs that may be used. */
export interface CpuQuota {
  /** CPUs, e.g. 1.5. */
  readonly cpus: number;
  /** How the kernel writes it: `150000/100000`. */
  readonly text: string;
}

/** Where a process stands in a cgroup hierarchy: folders that hold its limits, the nearest first. */
export interface CgroupFolders {
  readonly version: 1 | 2;
  readonly folders: readonly string[];
}

/** cpu.max of cgroup v2, `150000 100000`; undefined for `max` and for what is not understood. */
export function parseCpuMax(text: string): CpuQuota | undefined {
  const [quota = '', period = '100000'] = text.trim().split(/\s+/);
  return toQuota(quota, period);
}

/** cpu.cfs_quota_us and cpu.cfs_period_us of cgroup v1; a quota of -1 is none. */
export function parseCfsQuota(quota: string, period: string): CpuQuota | undefined {
  return toQuota(quota.trim(), period.trim());
}

function toQuota(quota: string, period: string): CpuQuota | undefined {
  if (!/^\d+$/.test(quota) || !/^\d+$/.test(period) || Number(quota) === 0 || Number(period) === 0) return undefined;
  return { cpus: Number(quota) / Number(period), text: `${quota}/${period}` };
}

/** How many CPUs a kernel list such as `0-2,5` names; undefined for an empty or malformed one. */
export function countCpuList(text: string): number | undefined {
  let count = 0;
  for (const part of text.trim().split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (match === null) return undefined;
    const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
    if (last < first) return undefined;
    count += last - first + 1;
  }
  return count;
}

/** `Cpus_allowed_list` of /proc/self/status: cpuset and taskset together. */
export function parseAllowedCpus(status: string): string | undefined {
  return /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1];
}

/**
 * The folders that limit a process's CPU time or memory, from /proc/self/cgroup and /proc/self/mountinfo: its own group and every
 * ancestor up to the mount, since each one's limit counts.
 */
export function findCgroupFolders(
  cgroup: string,
  mountinfo: string,
  controller: 'cpu' | 'memory',
): readonly CgroupFolders[] {
  const found: CgroupFolders[] = [];
  const mounts = mountinfo.split('\n').flatMap(parseMount);
  for (const line of cgroup.split('\n')) {
    const [, hierarchy, controllers = '', path = '/'] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    if (hierarchy === undefined) continue;
    const isV2 = hierarchy === '0' && controllers === '';
    if (!isV2 && !controllers.split(',').includes(controller)) continue;
    const mount = mounts.find(({ type, options }) =>
      isV2 ? type === 'cgroup2' : type === 'cgroup' && options.includes(controller),
    );
    if (mount !== undefined) found.push({ version: isV2 ? 2 : 1, folders: ancestors(mount, path) });
  }
  return found;
}

interface CgroupMount {
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** A line of mountinfo (proc(5)): id, parent, device, root, mount point, options, ... `-` type, source, super options. */
function parseMount(line: string): CgroupMount[] {
  const [before = '', after = ''] = line.split(' - ');
  const [, , , root, point] = before.split(' ');
  const [type = '', , options = ''] = after.split(' ');
  if (root === undefined || point === undefined || !type.startsWith('cgroup')) return [];
  return [{ root: unescape(root), point: unescape(point), type, options: options.split(',') }];
}

/** Blanks and backslashes stand as octal escapes in mountinfo. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Without a cgroup namespace the path is the host's, while the mount shows only the part below its root. */
function ancestors({ root, point }: CgroupMount, path: string): string[] {
  const below = posix.relative(root, path);
  const inside = below.startsWith('..') ? '' : below;
  const folders: string[] = [];
  for (let at = inside; at !== '' && at !== '.'; at = posix.dirname(at)) folders.push(posix.join(point, at));
  return [...folders, point];
}
