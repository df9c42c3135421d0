import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { countCpuList, findCgroupFolders, parseCfsQuota, parseCpuMax } from '../../src/resources/cgroup.js';
import { readCpuBudget } from '../../src/resources/cpu-budget.js';

let folder: string;
let trees = 0;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'slipway-cgroup-'))));
after(() => rm(folder, { recursive: true }));

/** A machine's /proc and /sys with just these files. */
async function tree(files: Readonly<Record<string, string>>): Promise<string> {
  const root = join(folder, String((trees += 1)));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

const v2Mount = '30 23 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw,nsdelegate\n';
const v1Mount = (root: string) => `33 32 0:29 ${root} /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n`;

describe('the CPU budget', () => {
  it('rounds the quota of a container with cgroup v2 up', async () => {
    const root = await tree({
      'proc/self/cgroup': '0::/\n',
      'proc/self/mountinfo': v2Mount,
      'proc/self/status': 'Name:\tnode\nCpus_allowed_list:\t0-7\n',
      'sys/fs/cgroup/cpu.max': '150000 100000\n',
    });
    assert.deepEqual(await readCpuBudget({ root, online: 8 }), { cpus: 2, source: 'cgroup v2 cpu.max 150000/100000' });
  });

  it('takes the tightest quota along the path of a service', async () => {
    const root = await tree({
      'proc/self/cgroup': '0::/system.slice/slipway.service\n',
      'proc/self/mountinfo': v2Mount,
      'sys/fs/cgroup/system.slice/slipway.service/cpu.max': 'max 100000\n',
      'sys/fs/cgroup/system.slice/cpu.max': '300000 100000\n',
    });
    assert.deepEqual(await readCpuBudget({ root, online: 8 }), { cpus: 3, source: 'cgroup v2 cpu.max 300000/100000' });
  });

  it('finds a v1 quota whose path is the host own while the mount shows the container', async () => {
    const root = await tree({
      'proc/self/cgroup': '4:memory:/docker/4f2a\n3:cpu,cpuacct:/docker/4f2a\n',
      'proc/self/mountinfo': v1Mount('/docker/4f2a'),
      'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '50000\n',
      'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
    });
    assert.deepEqual(await readCpuBudget({ root, online: 4 }), {
      cpus: 1,
      source: 'cgroup v1 cpu.cfs_quota_us 50000/100000',
    });
  });

  it('heeds the cpuset, and says so only where it is the limit', async () => {
    const status = 'Cpus_allowed_list:\t1,3-4\n';
    const root = await tree({ 'proc/self/status': status });
    assert.deepEqual(await readCpuBudget({ root, online: 8 }), { cpus: 3, source: 'cpuset 1,3-4' });
    assert.deepEqual(await readCpuBudget({ root, online: 2 }), { cpus: 2, source: '2 online' });
  });

  it('falls back to what is online where the kernel says nothing', async () => {
    assert.deepEqual(await readCpuBudget({ root: join(folder, 'nothing'), online: 6 }), {
      cpus: 6,
      source: '6 online',
    });
  });

  it('answers on this machine', async () => {
    const { cpus } = await readCpuBudget();
    assert.ok(Number.isInteger(cpus) && cpus >= 1);
  });
});

describe('the parsers of kernel files', () => {
  it('read a quota, and none where there is no limit', () => {
    assert.deepEqual(parseCpuMax('25000 50000\n'), { cpus: 0.5, text: '25000/50000' });
    assert.deepEqual(parseCfsQuota('200000\n', '100000\n'), { cpus: 2, text: '200000/100000' });
    for (const text of ['max 100000', '', 'max', '-1 5', '0 100000']) assert.equal(parseCpuMax(text), undefined, text);
    assert.equal(parseCfsQuota('-1', '100000'), undefined);
  });

  it('count the CPUs of a list', () => {
    assert.deepEqual(['0', '0-3', '0-1,4,6-7', '', '3-1', 'x'].map(countCpuList), [
      1,
      4,
      5,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('walk from the own group to the mount, and understand blanks in names', () => {
    const mount = '30 23 0:26 / /sys/fs/my\\040cgroup rw - cgroup2 cgroup rw\n';
    assert.deepEqual(findCgroupFolders('0::/a/b\n', mount, 'cpu'), [
      { version: 2, folders: ['/sys/fs/my cgroup/a/b', '/sys/fs/my cgroup/a', '/sys/fs/my cgroup'] },
    ]);
  });

  it('stay at the mount where the path leads outside of it', () => {
    assert.deepEqual(findCgroupFolders('3:cpu:/elsewhere\n', v1Mount('/docker/4f2a'), 'cpu'), [
      { version: 1, folders: ['/sys/fs/cgroup/cpu,cpuacct'] },
    ]);
  });
});
