import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import type { LoopStart } from '../loop/messages.js';

/** A process with an HTTP loop whose parent has ended: one that hangs, or is stopped, has not heard of it. */
export interface Orphan {
  readonly pid: number;
  /** The parent that it had. */
  readonly parent: number;
}

/** Loops of this user without a parent that were given this port. Only Linux tells of them; elsewhere there are none. */
export async function findOrphans(port: number): Promise<readonly Orphan[]> {
  // Where /proc is that of other processes, as after `unshare --pid`, a number there is somebody else's here.
  if ((await readlink('/proc/self').catch(() => '')) !== String(process.pid)) return [];
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((pid) => readOrphan(pid, port).catch(() => undefined)));
  return found.filter((orphan) => orphan !== undefined);
}

async function readOrphan(pid: string, port: number): Promise<Orphan | undefined> {
  // Root may read, and end, those of everyone.
  if ((await stat(`/proc/${pid}`)).uid !== process.getuid?.()) return undefined;
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
  const text = environment.split('\0').find((variable) => variable.startsWith('SLIPWAY_LOOP='));
  if (text === undefined) return undefined;
  const { parent, ports } = JSON.parse(text.slice('SLIPWAY_LOOP='.length)) as LoopStart;
  if (!Object.values(ports).includes(port) || (await readParent(pid)) === parent) return undefined;
  return (await isNeighbour(pid)) ? { pid: Number(pid), parent } : undefined;
}

/** The fourth field of `stat`: its second is a name in brackets that may hold anything. */
async function readParent(pid: string): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
}

/** A loop in a container has a parent whose number means nothing here, and a port of its own. */
async function isNeighbour(pid: string): Promise<boolean> {
  const spaces = ['pid', 'net'].flatMap((space) => [`/proc/${pid}/ns/${space}`, `/proc/self/ns/${space}`]);
  const [itsPid, ownPid, itsNet, ownNet] = await Promise.all(spaces.map((path) => readlink(path)));
  return itsPid === ownPid && itsNet === ownNet;
}
