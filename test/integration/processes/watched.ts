import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

/** What a supervised process said, and how its supervisor ended. */
export interface Watched {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  readonly until: (stream: 'out' | 'err', pattern: RegExp) => Promise<RegExpExecArray>;
  readonly ended: Promise<readonly [code: number | null, signal: string | null]>;
}

/** Starts a process, Node.js with these arguments unless another command is named. */
export function watch(
  context: TestContext,
  args: readonly string[],
  {
    env = process.env,
    command = process.execPath,
  }: { readonly env?: NodeJS.ProcessEnv; readonly command?: string } = {},
): Watched {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  context.after(() => child.kill('SIGKILL'));
  const texts = { out: '', err: '' };
  const streams = { out: child.stdout, err: child.stderr };
  for (const name of ['out', 'err'] as const)
    streams[name].setEncoding('utf8').on('data', (piece: string) => (texts[name] += piece));
  const ended = once(child, 'close') as Promise<[number | null, string | null]>;
  const until = (name: 'out' | 'err', pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(texts[name]);
        if (found !== null) resolve(found);
      };
      streams[name].on('data', look);
      child.once('close', () => reject(new Error(`ended before ${String(pattern)}: ${texts.out}${texts.err}`)));
      look();
    });
  return { child, out: () => texts.out, err: () => texts.err, until, ended };
}

/** The processes that a process started and that still run. */
export async function childrenOf(parent: number): Promise<readonly number[]> {
  const text = await listProcesses('pid=,ppid=,comm=', '-A');
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/));
  return rows.flatMap(([pid, ppid, name]) => (Number(ppid) === parent && name !== 'ps' ? [Number(pid)] : []));
}

/** What `ps` says of processes, as it writes it. */
export async function listProcesses(columns: string, ...which: readonly string[]): Promise<string> {
  const ps = spawn('ps', [...which, '-o', columns], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  ps.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  await once(ps, 'close');
  return text;
}
