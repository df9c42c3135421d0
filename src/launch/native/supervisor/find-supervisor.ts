import { execFile } from 'node:child_process';
import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { readIdentity, type ProcessIdentity } from '../process.js';

const program = '/supervisor-process.js';

/** The supervisor of a folder's server, looked for among all processes: for where no file names it. Undefined where none is found. */
export async function findSupervisor(folder: string): Promise<ProcessIdentity | undefined> {
  const pid = await (process.platform === 'linux' ? findByLog(folder) : findByWords(folder));
  return pid === undefined ? undefined : readIdentity(pid);
}

/** It has the server's log open, whatever name the folder had when it began. */
async function findByLog(folder: string): Promise<number | undefined> {
  const log = join(await realpath(folder).catch(() => folder), 'server.log');
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (!words.split('\0').some((word) => word.endsWith(program))) continue;
    const fds = await readdir(`/proc/${pid}/fd`).catch(() => []);
    const links = await Promise.all(fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
    if (links.some((link) => link === log || link === `${log} (deleted)`)) return Number(pid);
  }
  return undefined;
}

function findByWords(folder: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    execFile('ps', ['-axww', '-o', 'pid=,args='], { maxBuffer: 1 << 24 }, (_error, stdout) => {
      const line = stdout.split('\n').find((one) => one.trimEnd().endsWith(`${program} ${folder}`));
      resolve(line === undefined ? undefined : Number.parseInt(line, 10));
    });
  });
}
