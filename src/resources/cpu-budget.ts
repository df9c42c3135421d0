import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  countCpuList,
  findCgroupFolders,
  parseAllowedCpus,
  parseCfsQuota,
  parseCpuMax,
  type CgroupFolders,
  type CpuQuota,
} from './cgroup.js';
import type { CpuBudget } from './types.js';

/** One limit on the CPUs of this process and what says so. */
interface CpuLimit {
  readonly cpus: number;
  readonly source: string;
}

/**
 * The CPUs that this process may use: the smallest of what is online, what cpuset and taskset allow, and the quotas of its
 * cgroup and its ancestors, v1 or v2. `root` stands before /proc and /sys.
 */
export async function readCpuBudget(
  options: { readonly root?: string; readonly online?: number } = {},
): Promise<CpuBudget> {
  const read = (path: string): Promise<string> => readFile(join(options.root ?? '/', path), 'utf8').catch(() => '');
  const online = options.online ?? availableParallelism();
  const [status, cgroup, mountinfo] = await Promise.all(
    ['status', 'cgroup', 'mountinfo'].map((name) => read(`/proc/self/${name}`)),
  );
  const quotas = await Promise.all(
    findCgroupFolders(cgroup ?? '', mountinfo ?? '', 'cpu').map((group) => readQuota(group, read)),
  );
  return smallest([{ cpus: online, source: `${online} online` }, ...allowedCpus(status ?? ''), ...quotas.flat()]);
}

function allowedCpus(status: string): CpuLimit[] {
  const list = parseAllowedCpus(status);
  const cpus = list === undefined ? undefined : countCpuList(list);
  return cpus === undefined ? [] : [{ cpus, source: `cpuset ${list}` }];
}

async function readQuota(
  { version, folders }: CgroupFolders,
  read: (path: string) => Promise<string>,
): Promise<CpuLimit[]> {
  const quotas = await Promise.all(
    folders.map(async (folder): Promise<CpuQuota | undefined> => {
      if (version === 2) return parseCpuMax(await read(`${folder}/cpu.max`));
      return parseCfsQuota(await read(`${folder}/cpu.cfs_quota_us`), await read(`${folder}/cpu.cfs_period_us`));
    }),
  );
  const name = version === 2 ? 'cgroup v2 cpu.max' : 'cgroup v1 cpu.cfs_quota_us';
  return quotas.flatMap((quota) =>
    quota === undefined ? [] : [{ cpus: quota.cpus, source: `${name} ${quota.text}` }],
  );
}

/** Of equal limits the first one is named: online, cpuset, quotas. */
function smallest(limits: readonly CpuLimit[]): CpuBudget {
  const [first, ...others] = limits;
  if (first === undefined) throw new RangeError('There is no limit to choose from.');
  const { cpus, source } = others.reduce((least, limit) => (limit.cpus < least.cpus ? limit : least), first);
  return { cpus: Math.max(1, Math.ceil(cpus)), source };
}
