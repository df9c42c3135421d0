import { spawn, type ChildProcess } from 'node:child_process';
import type { HealthReason, ServerHealth } from '../../../protocol/server-health.js';
import { LineCutter } from '../../text/line-cutter.js';
import type { LogLine } from '../log.js';
import type { NativeRequest } from '../state.js';

/** A listening socket, as this process holds it: it takes no connections here. */
interface HeldSocket {
  readonly fd: number;
  close(): void;
}

/** What a server says to its supervisor; the server's side is src/server/supervision/succession.ts. */
interface Said {
  readonly shares?: string;
  readonly health?: Pick<ServerHealth, 'ready' | 'state'> & { readonly reasons: readonly HealthReason[] };
  readonly serving?: { readonly leavesWithinMs: number; readonly obstacle?: string };
  readonly hasLeft?: boolean;
}

/** What a generation of a native server is started with. */
export interface GenerationStart {
  readonly request: NativeRequest;
  /** Beside the request's own variables. */
  readonly env: NodeJS.ProcessEnv;
  /** Listening sockets of the generation before it, by address. */
  readonly sockets: ReadonlyMap<string, HeldSocket>;
  /** Whether that one serves until this one is told to begin. */
  readonly waits: boolean;
  readonly onLine: (line: Pick<LogLine, 'stream' | 'text'>) => void;
}

/**
 * One process of a server's program, from its start to its end.
 * - Keeps a copy of each socket that the server listens at, so that connections wait while no process takes them.
 * - Knows what the server said last.
 */
export class Generation {
  readonly request: NativeRequest;
  readonly #child: ChildProcess;
  readonly #sockets = new Map<string, HeldSocket>();
  readonly #superseded = new AbortController();
  readonly #looks = new Set<() => void>();
  readonly ended: Promise<ProcessEnd>;
  hasEnded = false;
  said: Omit<Said, 'shares'> = {};

  constructor({ request, env, sockets, waits, onLine }: GenerationStart) {
    this.request = request;
    const [program = process.execPath, ...args] = request.program ?? [];
    const held = [...sockets];
    const fds = Object.fromEntries(held.map(([key], index) => [key, firstSocketFd + index]));
    this.#child = spawn(program, [...args, ...request.args], {
      cwd: request.cwd,
      env: {
        ...env,
        ...request.env,
        SLIPWAY_SOCKETS: JSON.stringify({ supervisor: process.pid, waits, sockets: fds }),
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc', ...held.map(([, { fd }]) => fd)],
    });
    this.#child.on('message', (said: Said, handle) => this.#hear(said, handle as unknown as HeldSocket | undefined));
    for (const stream of ['stdout', 'stderr'] as const) {
      const cutter = new LineCutter((text) => onLine({ stream, text }));
      this.#child[stream]?.setEncoding('utf8').on('data', (text: string) => cutter.push(text));
      this.#child[stream]?.on('end', () => cutter.end());
    }
    this.ended = this.#followEnd(program, onLine).finally(() => {
      this.hasEnded = true;
      this.#look();
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get sockets(): ReadonlyMap<string, HeldSocket> {
    return this.#sockets;
  }

  /** Aborted when another generation serves in its stead. */
  get superseded(): AbortSignal {
    return this.#superseded.signal;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Tells the server to take connections. */
  begin(): void {
    this.#tell('begin');
  }

  /** Another one serves from now on: this one is to take no more connections. */
  supersede(): void {
    this.#superseded.abort();
    this.#tell('leave');
  }

  /** Lets go of its sockets: connections that no process takes are refused from now on. */
  release(): void {
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
  }

  /** Answers true once something holds, false where the process has ended or the signal was aborted before. */
  until(holds: () => boolean, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds() && !this.hasEnded && !signal.aborted) return;
        this.#looks.delete(look);
        signal.removeEventListener('abort', look);
        resolve(holds());
      };
      this.#looks.add(look);
      signal.addEventListener('abort', look);
      look();
    });
  }

  #tell(word: 'begin' | 'leave'): void {
    if (this.#child.connected) this.#child.send({ tell: word }, () => undefined);
  }

  #hear({ shares, ...said }: Said, handle: HeldSocket | undefined): void {
    if (shares !== undefined && handle !== undefined) {
      this.#sockets.get(shares)?.close();
      this.#sockets.set(shares, handle);
    }
    this.said = { ...this.said, ...said };
    this.#look();
  }

  #look(): void {
    for (const look of [...this.#looks]) look();
  }

  #followEnd(program: string, onLine: GenerationStart['onLine']): Promise<ProcessEnd> {
    return new Promise((resolve) => {
      this.#child.on('error', (error) => {
        onLine({ stream: 'stderr', text: `cannot start ${program}: ${error.message}\n` });
        resolve({ exitCode: 127, signal: null });
      });
      this.#child.on('close', (exitCode, signal) => resolve({ exitCode, signal }));
    });
  }
}

/** Behind the three standard streams and the channel for messages. */
const firstSocketFd = 4;

/** How a server process ended. */
interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Codes with which the server says that a restart would end the same way: usage, port, models, device. */
const finalCodes: readonly number[] = [0, 2, 3, 4, 5];

/** Whether a restart can help after this end: a crash or a kill, not a drained end and no refusal to start. */
export function deservesRestart({ exitCode, signal }: ProcessEnd): boolean {
  return signal !== null || (exitCode !== null && !finalCodes.includes(exitCode));
}

/** Connections are kept waiting for a restart this long, and refused where it takes longer: a balancer has another server then. */
const longestWaitMs = 1000;

/** Whether connections wait for a restart that is so far away. */
export function holdsConnections(delayMs: number): boolean {
  return delayMs <= longestWaitMs;
}

/** The exit code as a shell counts: 128 plus the signal's number. */
export function exitCodeOf({ exitCode, signal }: ProcessEnd, signals: Readonly<Record<string, number>>): number {
  return exitCode ?? 128 + (signals[signal ?? ''] ?? 0);
}
