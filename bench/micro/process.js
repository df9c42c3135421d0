// Servers as processes of their own, for the measurements beside this file.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A module of the build, by its path in the checkout. */
export const load = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const entry = fileURLToPath(new URL('../../dist/src/server/main.js', import.meta.url));

/** Arguments of Node.js for a server on a free port with the models of a folder, on the CPU. */
export const serverArgs = (folder, flags, nodeFlags = []) => [
  ...[...nodeFlags, entry, '--port', '0', '--log-format', 'json', '--execution-provider', 'cpu', '--models', folder],
  ...flags,
];

/** What a server says in the line that tells its address. */
export const serverUrl = /"url":"([^"]+)"/;

/** Starts a process that prints a line with its URL, and waits for it; `next` waits for the next line that matches. It ends with this process. `cpus`: a list of those it may use. */
export async function startProcess(args, pattern, cpus) {
  const startedMs = performance.now();
  const command = [...(cpus === undefined ? [] : ['taskset', '-c', cpus]), process.execPath, ...args];
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  child.stdout.resume();
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (chunk) => (text = (text + chunk).slice(-65_536)));
  const next = async (wanted) => {
    for (;;) {
      const found = wanted.exec(text);
      if (found !== null) return found;
      if (child.exitCode !== null) throw new Error(text);
      await once(child.stderr, 'data');
    }
  };
  const url = (await next(pattern))[1];
  const forget = () => (text = '');
  const end = async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  return {
    child,
    pid: child.pid,
    url,
    port: Number(new URL(url).port),
    startMs: performance.now() - startedMs,
    next,
    forget,
    end,
  };
}

/** Resident memory in whole MB. */
export const rssMb = ({ pid }) => {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Math.round(Number(/^Rss:\s+(\d+)/m.exec(text)[1]) / 1024);
};

/** CPU time of a thread so far, in milliseconds; the main thread's number is its process's. */
export const threadMs = (pid, thread) =>
  Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
