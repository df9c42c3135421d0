import { randomUUID } from 'node:crypto';
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
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
  // Where everybody may write, a name that could be foretold would be another's folder.
  const none = join(parent, `${prefix}none-${randomUUID()}`);
  const path = await mkdtemp(join(parent, `${prefix}${process.pid}-`)).catch(() => none);
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

/**
 * Whether it is a folder of this account whose process is gone; in a restarted container the same number may be ours, but the folder is
 * older than we are. What is another's stays, whatever its name.
 */
async function isLeftover(path: string, pid: number): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats?.isDirectory() !== true || (process.getuid !== undefined && stats.uid !== process.getuid())) return false;
  return pid === process.pid ? stats.birthtimeMs < performance.timeOrigin : !isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
