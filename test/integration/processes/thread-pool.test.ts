import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const sizing = fileURLToPath(new URL('../../../../bin/thread-pool.cjs', import.meta.url));
const script = `
  import { readdirSync } from 'node:fs';
  import { stat } from 'node:fs/promises';
  await stat('.');
  console.log(JSON.stringify({ size: process.env.UV_THREADPOOL_SIZE, threads: readdirSync('/proc/self/task').length }));`;

/** What a process of many CPUs sees after the first use of the pool, which newer lines of Node.js do not need for loading modules. */
function run(...required: readonly string[]): { readonly size?: string; readonly threads: number } {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-pool-'));
  try {
    const cpus = join(folder, 'cpus.cjs');
    const entry = join(folder, 'entry.mjs');
    writeFileSync(cpus, `require('node:os').availableParallelism = () => 9;`);
    writeFileSync(entry, script);
    const flags = [cpus, ...required].flatMap((path) => ['--require', path]);
    const env = { ...process.env, UV_THREADPOOL_SIZE: undefined };
    return JSON.parse(execFileSync(process.execPath, [...flags, entry], { encoding: 'utf8', env })) as ReturnType<
      typeof run
    >;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const isLinux = process.platform === 'linux';

describe(
  'the size of the pool for files and images',
  { skip: isLinux ? false : 'threads are counted in /proc' },
  () => {
    it('follows the CPUs, in the threads that really run', () => {
      const [plain, sized] = [run(), run(sizing)];
      assert.equal(plain.size, undefined);
      const size = Number(sized.size);
      // A quota of this machine may leave fewer than the nine that are online.
      assert.ok(size >= 4 && size <= 9, `size ${size}`);
      assert.equal(sized.threads - plain.threads, size - 4);
    });
  },
);
