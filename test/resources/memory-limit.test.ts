import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { defaultRequestMemory, limitProcessMemory, readMemoryLimit } from '../../src/resources/memory-limit.js';

const gibibyte = 2 ** 30;
const v2 = '30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n';
const v1 = '31 23 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n';

async function limitOf(context: TestContext, files: Readonly<Record<string, string>>) {
  const root = await mkdtemp(join(tmpdir(), 'slipway-memory-'));
  context.after(() => rm(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return readMemoryLimit({ root, totalBytes: 8 * gibibyte });
}

describe('the memory limit', () => {
  it('is the smallest of a group of cgroup v2 and its ancestors', async (context) => {
    const limit = await limitOf(context, {
      'proc/self/cgroup': '0::/a/b\n',
      'proc/self/mountinfo': v2,
      'sys/fs/cgroup/a/b/memory.max': 'max\n',
      'sys/fs/cgroup/a/memory.max': `${2 * gibibyte}\n`,
    });
    assert.deepEqual(limit, { bytes: 2 * gibibyte, source: `cgroup v2 memory.max ${2 * gibibyte}` });
  });

  it('is read from cgroup v1, whose largest number is no limit', async (context) => {
    const files = { 'proc/self/cgroup': '4:memory:/a\n', 'proc/self/mountinfo': v1 };
    const at = 'sys/fs/cgroup/memory/a/memory.limit_in_bytes';
    assert.equal((await limitOf(context, { ...files, [at]: `${gibibyte}\n` })).bytes, gibibyte);
    assert.equal((await limitOf(context, { ...files, [at]: '9223372036854771712\n' })).bytes, 8 * gibibyte);
  });

  it("is the machine's where nothing says otherwise", async (context) => {
    const { bytes, source } = await limitOf(context, {});
    assert.deepEqual([bytes, source], [8 * gibibyte, `${8 * gibibyte} of the machine`]);
  });

  it('leaves requests a quarter, and never less than makes sense', () => {
    assert.equal(defaultRequestMemory({ bytes: 2 * gibibyte, source: '' }), gibibyte / 2);
    assert.equal(defaultRequestMemory({ bytes: 64 * 2 ** 20, source: '' }), 32 * 2 ** 20);
  });

  it('bounds a process of one model by its files and by what requests may hold, and by three quarters of all', () => {
    const of24 = limitProcessMemory({ bytes: 24 * gibibyte, source: '' }, 6 * gibibyte);
    assert.equal(of24(0), 7 * gibibyte);
    assert.equal(of24(2 * gibibyte), 15 * gibibyte);
    assert.equal(of24(3 * gibibyte), 18 * gibibyte);
    assert.equal(limitProcessMemory({ bytes: 2 * gibibyte, source: '' }, gibibyte / 2)(0), 1.5 * gibibyte);
  });
});
