import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A folder for the copies of one process. */
export interface SnapshotFolder {
  readonly path: string;
  remove(): Promise<void>;
}

const prefix = 'slipway-models-';

/**
 * Makes a folder for this process's copies and removes those of processes that ended without doing so. Where none can be made
 * the path does not exist, and models are used where they lie.
 */
export async function openSnapshots(parent: string): Promise<SnapshotFolder> {
  await removeLeftovers(parent);
  const path = await mkdtemp(join(parent, `${prefix}${process.pid}-`)).catch(() => join(parent, `${prefix}none`));
  return { path, remove: () => rm(path, { recursive: true, force: true }).catch(() => undefined) };
}

async function removeLeftovers(parent: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names) {
    const pid = new RegExp(`^${prefix}([0-9]+)-`).exec(name)?.[1];
    if (pid === undefined || !(await isLeftover(join(parent, name), Number(pid)))) continue;
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Whether its process is gone; in a restarted container the same number may be ours, but the folder is older than we are. */
async function isLeftover(path: string, pid: number): Promise<boolean> {
  if (pid !== process.pid) return !isAlive(pid);
  const { birthtimeMs } = await stat(path).catch(() => ({ birthtimeMs: Infinity }));
  return birthtimeMs < performance.timeOrigin;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
