import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AppError, messageOf } from '../../../src/errors.js';
import { endChild } from '../../load/end-child.js';
import { ask } from '../../targets/ask.js';
import type { Payload } from '../../targets/requests.js';
import { findFreePort } from '../../targets/free-port.js';
import { pickLastWords } from './last-words.js';
import type { Origin } from '../../targets/target.js';

/** A server that runs and answers. */
export interface RunningServer {
  readonly origin: Origin;
  /** Its first process: the others are below it or in its group. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** How a server is started. */
export interface PeerStart {
  readonly command: string;
  readonly args: readonly string[];
  /** The request whose first answer says that the server is ready. */
  readonly probe: Payload;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

const guard = fileURLToPath(new URL('./guard-process.js', import.meta.url));
const readyWithinMs = 120_000;

/** Starts a server on a free port and waits until it answers a request of its workload. Rejects with its last words where it does not. */
export async function startPeer(start: PeerStart): Promise<RunningServer> {
  const port = await findFreePort();
  const child = fork(guard, [start.command, ...start.args, '--port', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: environmentOf(start.env),
    detached: true, // Ctrl-C of the terminal reaches the benchmark, which ends its servers
  });
  const words = listen(child);
  const origin: Origin = { host: '127.0.0.1', port, basePath: '', headers: {} };
  const stop = () => endChild(child);
  try {
    const [pid] = (await once(child, 'message', { signal: start.signal })) as [number];
    await waitUntilReady(origin, start, child);
    return { origin, pid, stop };
  } catch (error) {
    await stop();
    start.signal.throwIfAborted();
    const said = words.length === 0 ? '' : `. It said: ${pickLastWords(words)}`;
    throw new AppError('READY_TIMEOUT', `${messageOf(error)}${said}`, { cause: error });
  }
}

/** No threads but those that the comparison gives: libraries start one for each processor by themselves. */
function environmentOf(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const single = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' };
  return { ...env, ...single, PYTHONDONTWRITEBYTECODE: '1', ORT_DISABLE_TELEMETRY: '1' };
}

function listen(child: ChildProcess): readonly string[] {
  const words: string[] = [];
  if (child.stderr !== null) {
    createInterface(child.stderr).on('line', (line) => {
      if (words.push(line.slice(0, 200)) > 50) words.shift();
    });
  }
  return words;
}

async function waitUntilReady(origin: Origin, { probe, signal }: PeerStart, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + readyWithinMs;
  let last = 'nothing listens';
  while (performance.now() < deadline) {
    signal.throwIfAborted();
    if (child.exitCode !== null) throw new Error('the server ended before it answered');
    const answer = await ask(origin, probe).catch(messageOf);
    if (typeof answer !== 'string') return;
    last = answer;
    await sleep(200);
  }
  throw new Error(`the server did not answer within ${readyWithinMs / 1000} s: ${last}`);
}
