// Sizes libuv's pool (files, compression, images) by this process's CPUs. It has to come before Node's module loader, whose
// first read starts the pool: so this is CommonJS, reads synchronously, and is required before anything else.
'use strict';
const { readFileSync } = require('node:fs');
const { availableParallelism } = require('node:os');

/** CPUs of a quota file's text, `150000 100000` or `max 100000`; no limit where there is none. */
function readQuota(...paths) {
  try {
    const [quota, period] = paths.flatMap((path) => readFileSync(path, 'utf8').trim().split(' ')).map(Number);
    return quota > 0 && period > 0 ? Math.ceil(quota / period) : Infinity;
  } catch {
    return Infinity;
  }
}

const cpus = Math.min(
  availableParallelism(),
  readQuota('/sys/fs/cgroup/cpu.max'),
  readQuota('/sys/fs/cgroup/cpu/cpu.cfs_quota_us', '/sys/fs/cgroup/cpu/cpu.cfs_period_us'),
);
process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, cpus));
