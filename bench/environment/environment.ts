import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { arch, cpus, hostname, loadavg, release, totalmem, type } from 'node:os';
import { promisify } from 'node:util';
import { readCpuBudget } from '../../src/resources/cpu-budget.js';
import type { Environment } from '../types.js';
import { thisMachine } from '../../src/launch/facts/machine.js';
import { readGpus } from './gpus.js';

/** What is known before the first measurement; the rest comes at the end. */
export type EnvironmentBefore = Omit<Environment, 'loadAverageAfter' | 'onnxRuntime'>;

/** Describes the machine that measures; `checkout` is the folder whose commit is named. */
export async function readEnvironment(checkout: string, env: NodeJS.ProcessEnv): Promise<EnvironmentBefore> {
  const [cpuBudget, gpu, governor, commit] = await Promise.all([
    readCpuBudget(),
    readGpus(thisMachine(env)),
    readFile('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor', 'utf8').catch(() => null),
    readCommit(checkout),
  ]);
  const processors = cpus();
  return {
    host: hostname(),
    os: `${type()} ${release()} ${arch()}`,
    cpu: `${processors.length} x ${processors[0]?.model.trim() ?? 'unknown'}`,
    governor: governor?.trim() ?? null,
    cpuBudget,
    memoryBytes: totalmem(),
    loadAverageBefore: readLoadAverage(),
    node: process.version,
    commit,
    gpu,
  };
}

/** Processes that ran or waited to, over 1, 5 and 15 minutes. */
export function readLoadAverage(): readonly number[] {
  return loadavg().map((value) => Number(value.toFixed(2)));
}

/** `3f2a91c`, with `+changes` where files differ from it; null outside a checkout. */
async function readCommit(folder: string): Promise<string | null> {
  const git = async (...args: readonly string[]) =>
    (await promisify(execFile)('git', ['-C', folder, ...args])).stdout.trim();
  try {
    const changes = await git('status', '--porcelain', '--untracked-files=no');
    return `${await git('rev-parse', '--short=12', 'HEAD')}${changes === '' ? '' : '+changes'}`;
  } catch {
    return null;
  }
}
