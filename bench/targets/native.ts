import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../src/errors.js';
import { allocator } from '../../src/launch/index.js';
import type { ProviderName } from '../../src/model/config.js';
import type { StartOptions, Target, TargetPlan } from './target.js';

const server = fileURLToPath(new URL('../../../bin/slipway.cjs', import.meta.url));
const parentWatch = new URL('./parent-watch-process.js', import.meta.url).href;

/** How a native server is started for a measurement. */
export interface NativeOptions {
  readonly provider: ProviderName;
  readonly env: NodeJS.ProcessEnv;
  /** Further flags of the server. */
  readonly flags?: readonly string[];
}

/** The server of this checkout as a child process on a free port. */
export function planNative(options: NativeOptions): TargetPlan {
  const name = `native-${options.provider}`;
  return { name, start: (start) => startNative(name, options, start) };
}

async function startNative(name: string, options: NativeOptions, start: StartOptions): Promise<Target> {
  const { provider, env, flags = [] } = options;
  const args = ['--models', start.repository, '--port', '0', '--log-format', 'json', '--execution-provider', provider];
  args.push('--no-supervisor', ...(start.isManaged === true ? ['--management'] : []));
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['--import', parentWatch, server, ...args, ...flags], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: environmentOf(env),
    detached: true, // Ctrl-C of the terminal reaches the benchmark, which ends its servers
  });
  try {
    const started = await waitForStart(child, start.signal);
    const readyAfterMs = performance.now() - startedAt;
    const { hostname, port } = new URL(started.url);
    return {
      name,
      kind: 'native',
      origin: { host: hostname, port: Number(port), basePath: '', headers: {} },
      pid: child.pid ?? 0,
      startParts: started.startMs,
      readyAfterMs,
      stop: () => end(child),
    };
  } catch (error) {
    await end(child);
    throw error;
  }
}

/** The server's settings come from the command line alone. */
function environmentOf(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const rest = Object.entries(env).filter(([name]) => !name.startsWith('SLIPWAY_'));
  return { ...allocator, ...Object.fromEntries(rest) };
}

interface Started {
  readonly url: string;
  readonly startMs: Readonly<Record<string, number>>;
}

/** Reads the log until the server says that everything has loaded; its last lines explain an end before that. */
function waitForStart(child: ChildProcess, signal: AbortSignal): Promise<Started> {
  return new Promise((resolve, reject) => {
    const tail: string[] = [];
    const fail = (what: string): void => {
      reject(new AppError('READY_TIMEOUT', `${what}${tail.length > 0 ? `: ${tail.slice(-3).join(' | ')}` : ''}`));
    };
    signal.addEventListener('abort', () => fail('interrupted'), { once: true });
    child.once('error', (error) => fail(`the server could not be started (${error.message})`));
    child.once('exit', (code, by) =>
      fail(`the server ended with ${by ?? `exit code ${code ?? 0}`} before it was ready`),
    );
    if (child.stderr === null) return;
    createInterface(child.stderr).on('line', (line) => {
      const entry = parseLine(line);
      if (entry?.message === 'started' && entry.url !== undefined) {
        resolve({ url: entry.url, startMs: entry.startMs ?? {} });
      } else tail.push(entry?.message ?? line);
    });
  });
}

interface LogLine extends Partial<Started> {
  readonly message?: string;
}

function parseLine(line: string): LogLine | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const deadline = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await ended;
  clearTimeout(deadline);
}
