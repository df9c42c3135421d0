import { access, readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { askSystem, readIdentity, type ProcessIdentity } from '../process.js';

const program = '/supervisor-process.js';

/**
 * The supervisor of a folder's server, looked for among all processes: for where no file names it. Undefined where none is found that takes
 * orders: one that has just begun would be ended by the signal.
 */
export async function findSupervisor(folder: string): Promise<ProcessIdentity | undefined> {
  const pid = await (process.platform === 'linux' ? findByLog(folder) : findByWords(folder));
  return pid === undefined ? undefined : readIdentity(pid);
}

/** It has the server's log open, whatever name the folder had when it began. */
async function findByLog(folder: string): Promise<number | undefined> {
  const log = join(await realpath(folder).catch(() => folder), 'server.log');
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const read = (name: string): Promise<string> => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
    const words = await read('cmdline');
    if (!words.split('\0').some((word) => word.endsWith(program)) || !hears(await read('status'))) continue;
    const fds = await readdir(`/proc/${pid}/fd`).catch(() => []);
    const links = await Promise.all(fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
    if (links.some((link) => link === log || link === `${log} (deleted)`)) return Number(pid);
  }
  return undefined;
}

/** Whether a process catches SIGUSR2: a bit of SigCgt in /proc/pid/status, proc(5). */
function hears(status: string): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  return ((BigInt(`0x${caught}`) >> BigInt(constants.signals.SIGUSR2 - 1)) & 1n) === 1n;
}

/** Elsewhere one that has said something takes orders. */
async function findByWords(folder: string): Promise<number | undefined> {
  const hasSaid = await access(join(folder, 'state.json')).then(
    () => true,
    () => false,
  );
  if (!hasSaid) return undefined;
  const processes = await askSystem('ps', ['-axww', '-o', 'pid=,args=']);
  const line = processes.split('\n').find((one) => one.trimEnd().endsWith(`${program} ${folder}`));
  return line === undefined ? undefined : Number.parseInt(line, 10);
}
