import { fork } from 'node:child_process';
import { messageOf } from '../../errors.js';
import { codeRangeBytes } from '../../engine/memory-at-hand.js';
import type { Answer, EndCause, OpenLink } from '../link/link.js';

/** What each signal of a fault says about its process. */
const meanings: Readonly<Partial<Record<NodeJS.Signals, string>>> = {
  SIGFPE: 'an integer division by zero or by -1 that overflows',
  SIGSEGV: 'it accessed invalid memory',
  SIGBUS: 'a file that it had mapped was truncated',
  SIGABRT: 'it aborted, for lack of memory or after an uncaught error',
  SIGILL: 'an instruction that this CPU does not have',
  SIGKILL: 'it was killed, perhaps for lack of memory',
};

/** What V8, the runtime's binding and C++ write before they abort for lack of memory. */
const outOfMemory =
  /JavaScript heap out of memory|Array ?Buffer\S* [Aa]llocation failed|std::bad_alloc|Invalid (?:array|string|typed array) length/;

/** Most characters of a process's stderr that are kept for the reason of its end. */
const keptText = 2000;

/**
 * What its runs take in blocks of up to 32 MiB is used again by the next, up to 64 MiB in all; the rest goes back to the system after each
 * run. With the smaller blocks that images and `launch` set for threads, whose runtime keeps memory itself, a run took twice the CPU time.
 */
const allocator = { MALLOC_MMAP_THRESHOLD_: String(2 ** 25), MALLOC_TRIM_THRESHOLD_: String(2 ** 26) };

/** How a process of a worker is started. */
export interface ProcessOptions {
  /** How far they stand behind this process, 0 to 19. */
  readonly niceness?: number;
  /** Memory that one may have, where the system can hold it to that: what it cannot get is an error of the run, and the process lives. */
  readonly memoryBytes?: number | undefined;
}

/** Node.js itself; on Linux started by a shell, which sets the limit and becomes Node.js. */
function commandOf(memoryBytes: number | undefined): { readonly execPath?: string; readonly execArgv: string[] } {
  if (memoryBytes === undefined || process.platform !== 'linux') return { execArgv: [] };
  const script = 'ulimit -d "$0" 2>/dev/null; exec "$@"';
  return {
    execPath: '/bin/sh',
    execArgv: ['-c', script, String(Math.floor((memoryBytes + codeRangeBytes()) / 1024)), process.execPath],
  };
}

/**
 * Opens processes with the entry file given. They end with this process, also where that is killed.
 */
export function processLink(entry: URL, env: NodeJS.ProcessEnv, how: ProcessOptions = {}): OpenLink {
  const { niceness = 0, memoryBytes } = how;
  return (name, { onAnswer, onEnd }) => {
    const child = fork(entry, [String(process.pid), name, String(niceness)], {
      env: { ...env, UV_THREADPOOL_SIZE: '1', ...allocator },
      ...commandOf(memoryBytes),
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let text = '';
    let want: string | undefined;
    let fault: unknown;
    child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      // A native stack follows it.
      want ??= outOfMemory.exec(text)?.[0];
      text = text.slice(-keptText);
    });
    child.on('message', (answer) => onAnswer(answer as Answer));
    child.on('error', (error) => {
      fault = error;
      // One that never started has no other end.
      if (child.pid === undefined) onEnd(`its process could not be started: ${messageOf(error)}`, 'asked');
    });
    child.on('close', (code, signal) => {
      if (child.pid === undefined) return;
      const said = signal === 'SIGABRT' ? want : undefined;
      const cause = said === undefined ? causeOf(signal) : 'memory';
      onEnd(describeEnd({ code, signal, text: said ?? text, fault }), cause);
    });
    return {
      pid: child.pid,
      // What cannot be written meets a process that has ended, or whose channel is gone: its end is told by 'close' alone.
      send: (order) =>
        void child.send(order, (error) => {
          if (error === null) return;
          fault ??= error;
          child.kill('SIGKILL');
        }),
      kill: () => void child.kill('SIGKILL'),
    };
  };
}

/** Signals by which others ask a process to end, as a service manager does with all that a server started. */
const asks: ReadonlySet<NodeJS.Signals | null> = new Set(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT']);

function causeOf(signal: NodeJS.Signals | null): EndCause {
  if (signal === 'SIGKILL') return 'killed';
  return asks.has(signal) ? 'asked' : 'fault';
}

function describeEnd(end: {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly text: string;
  readonly fault: unknown;
}): string {
  const { code, signal, text, fault } = end;
  const meaning = signal === null ? undefined : meanings[signal];
  const head =
    signal === null ? `exit code ${code}` : `signal ${signal}${meaning === undefined ? '' : ` (${meaning})`}`;
  const said = lastLine(text) || (fault === undefined ? '' : messageOf(fault));
  return `its process ended with ${head}${said === '' ? '' : `: ${said}`}`;
}

/** Lines that tell a reader nothing: Node.js' own version, and a native stack with its heading. */
const saysNothing = /^(?:Node\.js v|\s*\d+: 0x|-+ )/;

/** The last line that says something, without the colours that the runtime writes. */
function lastLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- the escape character is what is looked for
  const lines = text.replace(/\u001b\[[0-9;]*m/g, '').split('\n');
  return lines.findLast((line) => /\w/.test(line) && !saysNothing.test(line))?.trim() ?? '';
}
