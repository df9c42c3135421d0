import { tmpdir } from 'node:os';
import { AppError } from '../errors.js';
import { findHomeFolder } from '../home-folder.js';
import { createLog, type Log } from './log/log.js';
import type { FlagName, FlagValues } from './settings/flag-table.js';
import { settingsOf } from './settings/args.js';
import type { Settings } from './settings/settings.js';
import type { RunningServer } from './serve.js';
import { startFrom } from './start.js';

export { AppError, type ErrorCode } from '../errors.js';

/**
 * Every setting of the command line by its name there (`maxBodyBytes` is `--max-body-bytes`), as a value or as the command line's
 * text (`'64M'`, `'30s'`). The environment is not read, and no log line is written; runs stay off this program's thread unless
 * `inlineRuns` says otherwise.
 */
export type ServerSettings = {
  readonly [Name in Exclude<FlagName, 'config' | 'supervisor' | 'httpLoops' | 'logFormat'>]?: FlagValues[Name] | string;
};

/** A line of the log: what happened, and its facts by name. */
export interface LogEntry {
  readonly level: string;
  /** ISO 8601. */
  readonly time: string;
  readonly message?: string;
  readonly [fact: string]: unknown;
}

/** What a program asks for. */
export interface ServerOptions extends ServerSettings {
  /** Hears the log, from `logLevel` on (`info`). */
  readonly onLog?: (entry: LogEntry) => void;
  /** Stops the server. */
  readonly signal?: AbortSignal;
  /**
   * A run takes longer than `watchdog`, no worker thread can be started any more, or a GPU is lost to this process alone: nothing but the end of this process helps, which
   * is for the program to decide.
   */
  readonly onStuck?: (what: string) => void;
}

/** A server in this process. */
export interface EmbeddedServer {
  /** `http://127.0.0.1:8000`. */
  readonly url: string;
  /** `host:port` of the gRPC service, where there is one. */
  readonly grpcAddress: string | undefined;
  /** Port of `healthPort`, where there is one. */
  readonly healthPort: number | undefined;
  /**
   * Resolves when the server is ready by `readyWhen`. Rejects with MODEL_NOT_READY and the reasons where it will not be; the server
   * goes on answering what it can, until it is stopped.
   */
  readonly ready: Promise<void>;
  /**
   * Takes nothing new, finishes what runs and is queued, and ends every thread and process of the server. Rejects with SHUTTING_DOWN
   * where that takes longer than `stopTimeout`; it goes on ending then.
   */
  stop(): Promise<void>;
}

/**
 * Starts a server in this process and resolves when it listens; models load meanwhile. It takes no signal, ends no process and writes
 * nothing to the terminal. Several may run at once. Rejects with USAGE for a wrong setting, PORT_IN_USE for a taken port.
 */
export async function serve(options: ServerOptions = {}): Promise<EmbeddedServer> {
  const { onLog, signal, onStuck, ...given } = options;
  const settings = settingsOf({ inlineRuns: false, ...given, logFormat: 'json' });
  if (settings.httpLoops !== 1) throw new AppError('USAGE', 'httpLoops: a server in a program has one HTTP loop.');
  const ending = new AbortController();
  const log = createProgramLog(settings, onLog);
  const endProcess = (what: string): void => {
    log.fatal({ what }, 'the server is stuck: this process has to end');
    onStuck?.(what);
  };
  const server = await startFrom(settings, log, {
    env: process.env,
    homeFolder: findHomeFolder(),
    temporaryFolder: tmpdir(),
    now: Date.now,
    ending: ending.signal,
    isGuest: true,
    onStuck: endProcess,
    onWornOut: endProcess,
  }).catch((thrown: unknown) => {
    ending.abort();
    throw thrown;
  });
  const stop = createStop({ server, ending, settings });
  const end = (): void => void stop().catch(() => undefined);
  if (signal?.aborted === true) end();
  else signal?.addEventListener('abort', end, { once: true, signal: ending.signal });
  const { url, grpcAddress, healthPort } = server;
  return { url, grpcAddress, healthPort, ready: readinessOf(server), stop };
}

function createProgramLog({ log }: Settings, onLog: ServerOptions['onLog']): Log {
  if (onLog === undefined) return createLog({ ...log, level: 'silent' }, { isTerminal: false, write: () => undefined });
  const write = (line: string): void => onLog(JSON.parse(line) as LogEntry);
  return createLog(log, { isTerminal: false, write });
}

interface Stopping {
  readonly server: RunningServer;
  readonly ending: AbortController;
  readonly settings: Settings;
}

function createStop({ server, ending, settings }: Stopping): () => Promise<void> {
  const { delayMs, timeoutMs } = settings.stop;
  return async () => {
    ending.abort();
    let timer: NodeJS.Timeout | undefined;
    const text = `Requests did not finish within ${timeoutMs} ms (stopTimeout). The server continues to stop.`;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new AppError('SHUTTING_DOWN', text)), delayMs + timeoutMs).unref();
    });
    await Promise.race([server.stop(), late]).finally(() => clearTimeout(timer));
  };
}

function readinessOf(server: RunningServer): Promise<void> {
  const ready = server.loaded.then(() => {
    const { ready: isReady, reasons } = server.dataplane.health();
    if (isReady) return;
    const text = reasons.map(({ message }) => message).join(' ');
    throw new AppError('MODEL_NOT_READY', text === '' ? 'The server was stopped before it was ready.' : text);
  });
  ready.catch(() => undefined);
  return ready;
}
