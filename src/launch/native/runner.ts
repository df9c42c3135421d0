import { spawn, type ChildProcess } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../errors.js';
import type { LogsQuery } from '../docker/gateway.js';
import type { OutputChunk } from '../docker/types.js';
import { isRunning, signalProcess } from './process.js';
import { lock, makeFolder } from './lock.js';
import { readLog } from './log-reader.js';
import {
  readRecord,
  readState,
  stateFolderOf,
  writeAtomically,
  type NativeStatus,
  type NativeRequest,
} from './state.js';

/** A native server as it is now. */
export interface NativeServer {
  readonly request: NativeRequest;
  readonly createdAtMs: number;
  /** `exited` where nothing of it runs, whatever its last record said. */
  readonly status: NativeStatus;
  /** False where the server lives on without the process that would start it again. */
  readonly isSupervised: boolean;
  /** Its record cannot be read; `remove` clears it away. */
  readonly isUnreadable?: boolean | undefined;
  readonly pid?: number | undefined;
  readonly startedAtMs?: number | undefined;
  readonly finishedAtMs?: number | undefined;
  readonly restarts: number;
  readonly exitCode?: number | undefined;
}

export interface NativeRunner {
  /** Starts the server and its supervisor, detached; answers once the process runs, before it is ready. Throws USAGE where the name is taken. */
  start(request: NativeRequest): Promise<NativeServer>;
  /** All servers, newest first. */
  list(): Promise<readonly NativeServer[]>;
  find(name: string): Promise<NativeServer | undefined>;
  logs(name: string, query?: LogsQuery): AsyncIterable<OutputChunk>;
  /** Drains, and kills after the grace. Answers once it has ended. */
  stop(name: string, options?: { readonly graceSeconds?: number | undefined }): Promise<void>;
  /** Signals the server's process itself; its supervisor then starts it again if it was a crash. */
  kill(name: string, signal?: NodeJS.Signals): Promise<void>;
  /** Deletes its folder with the logs. Throws DOCKER_REFUSED where it runs and `force` is not set. */
  remove(name: string, options?: { readonly force?: boolean | undefined }): Promise<void>;
  /** Exit code, once it has ended. */
  wait(name: string, signal?: AbortSignal): Promise<number>;
}

export interface NativeWorld {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeFolder: string;
  now(): number;
}

const pollMs = 50;
const supervisorPath = fileURLToPath(new URL('./supervisor-process.js', import.meta.url));
/** The server's program: its thread pool is sized before Node's module loader starts it. */
const serverProgram = [
  process.execPath,
  '--require',
  fileURLToPath(new URL('../../../../bin/thread-pool.cjs', import.meta.url)),
  fileURLToPath(new URL('../../server/main.js', import.meta.url)),
];

/** Servers that run without containers, each under a supervisor of its own, described by files in the state folder. */
export function openNative(world: NativeWorld): NativeRunner {
  const root = resolve(stateFolderOf(world.env, world.homeFolder), 'native');
  const folderOf = (name: string): string => join(root, checkName(name));
  const find = async (name: string): Promise<NativeServer | undefined> => readServer(folderOf(name));
  const demand = async (name: string): Promise<NativeServer> => (await find(name)) ?? throwMissing(name);
  return {
    find,
    start: async (request) => start(folderOf(request.name), request, world),
    list: async () => {
      const names = await readdir(root).catch(() => []);
      const servers = await Promise.all(names.filter((name) => isName.test(name)).map((name) => find(name)));
      return servers.filter((server) => server !== undefined).sort((a, b) => b.createdAtMs - a.createdAtMs);
    },
    logs: async function* (name, query) {
      await demand(name);
      const hasEnded = async (): Promise<boolean> => ((await find(name))?.status ?? 'exited') === 'exited';
      yield* readLog({ path: join(folderOf(name), 'server.log'), hasEnded }, query);
    },
    stop: async (name, options) => stop(folderOf(name), await demand(name), options?.graceSeconds ?? 10),
    kill: async (name, signal = 'SIGKILL') => {
      await demand(name);
      if (await signalProcess((await readState(folderOf(name)))?.server, signal)) return;
      throw new AppError('DOCKER_REFUSED', `Could not signal ${name}: it is not running.`, { details: { name } });
    },
    remove: async (name, options) => {
      const server = await demand(name);
      if (server.status !== 'exited') {
        if (options?.force !== true) {
          const text = `Could not remove ${name}: it is running. Stop it first, or remove it with --force.`;
          throw new AppError('DOCKER_REFUSED', text, { details: { name } });
        }
        await stop(folderOf(name), server, 0);
      }
      await rm(folderOf(name), { recursive: true, force: true });
    },
    wait: async (name, signal) => waitForEnd(folderOf(name), signal),
  };
}

const isName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

function checkName(name: string): string {
  if (isName.test(name)) return name;
  throw new AppError(
    'USAGE',
    `"${name}" can be no name: use letters, digits, "_", "." and "-", a letter or digit first.`,
  );
}

function throwMissing(name: string): never {
  throw new AppError('CONTAINER_NOT_FOUND', `There is no native server named ${name}.`, { details: { name } });
}

async function readServer(folder: string): Promise<NativeServer | undefined> {
  const record = await readRecord(folder);
  if (record === undefined) return undefined;
  if (record === 'unreadable') return unreadableServer(folder);
  const { request, createdAtMs } = record;
  if (record.state === undefined) return { request, createdAtMs, status: 'exited', isSupervised: false, restarts: 0 };
  const isSupervised = await isRunning(record.state.supervisor);
  // A supervisor that has ended since the record was read has written its last words in between.
  const state = isSupervised ? record.state : ((await readState(folder)) ?? record.state);
  const isServing = await isRunning(state.server);
  const { startedAtMs, finishedAtMs, exitCode } = state;
  return {
    request,
    createdAtMs,
    status: isSupervised ? state.status : isServing ? 'running' : 'exited',
    isSupervised,
    restarts: state.restarts,
    ...(isServing && state.server !== undefined ? { pid: state.server.pid } : {}),
    ...(startedAtMs === undefined ? {} : { startedAtMs }),
    ...(finishedAtMs === undefined ? {} : { finishedAtMs }),
    ...(exitCode === undefined ? {} : { exitCode }),
  };
}

/** Stands for a folder whose record was cut short: it can be listed, and removed. */
function unreadableServer(folder: string): NativeServer {
  const request: NativeRequest = {
    name: basename(folder),
    host: '',
    port: 0,
    args: [],
    env: {},
    cwd: folder,
    config: '',
    labels: {},
    removeOnExit: false,
    restart: false,
  };
  return { request, createdAtMs: 0, status: 'exited', isSupervised: false, isUnreadable: true, restarts: 0 };
}

async function start(folder: string, request: NativeRequest, world: NativeWorld): Promise<NativeServer> {
  const unlock = await lock(folder, request.name);
  try {
    const before = await readServer(folder);
    if (before !== undefined && before.status !== 'exited') {
      throw new AppError(
        'USAGE',
        `A native server named ${request.name} runs already. Stop it, or choose another --name.`,
      );
    }
    await rm(folder, { recursive: true, force: true });
    await makeFolder(folder);
    const program = request.program ?? serverProgram;
    await writeAtomically(join(folder, 'request.json'), { request: { ...request, program }, createdAtMs: world.now() });
    const env = Object.fromEntries(Object.entries(world.env).filter(([, value]) => value !== undefined));
    const supervisor = spawn(process.execPath, [supervisorPath, folder], { detached: true, stdio: 'ignore', env });
    supervisor.unref();
    return await waitForStart(folder, supervisor);
  } finally {
    await unlock();
  }
}

/** Waits until the supervisor has started its server. */
async function waitForStart(
  folder: string,
  supervisor: Pick<ChildProcess, 'exitCode' | 'signalCode'>,
): Promise<NativeServer> {
  for (;;) {
    const { exitCode, signalCode } = supervisor;
    const hasEnded = exitCode !== null || signalCode !== null;
    const server = await readServer(folder);
    const hasReported = (await readState(folder)) !== undefined;
    if (server !== undefined && hasReported && server.status !== 'starting') return server;
    if (hasEnded) {
      throw new AppError(
        'INTERNAL',
        `The supervisor of ${folder} ended at once with ${exitCode === null ? `signal ${signalCode}` : `exit code ${exitCode}`}. Try again.`,
      );
    }
    await wait(pollMs);
  }
}

async function stop(folder: string, server: NativeServer, graceSeconds: number): Promise<void> {
  if (server.status === 'exited') return;
  const state = await readState(folder);
  const kill = new AbortController();
  const timer = setTimeout(() => kill.abort(), graceSeconds * 1000);
  const supervised = await signalProcess(state?.supervisor, 'SIGTERM');
  if (!supervised) await signalProcess(state?.server, 'SIGTERM');
  const isOver = await waitForEnd(folder, kill.signal).then(
    () => true,
    () => false,
  );
  clearTimeout(timer);
  if (isOver) return;
  await signalProcess((await readState(folder))?.server, 'SIGKILL');
  await waitForEnd(folder);
}

/** Exit code of a server, once it has ended; 0 where it took its folder with it. */
async function waitForEnd(folder: string, signal?: AbortSignal): Promise<number> {
  for (;;) {
    const server = await readServer(folder);
    if (server === undefined || server.status === 'exited') return server?.exitCode ?? 0;
    await wait(pollMs, undefined, signal === undefined ? {} : { signal });
  }
}
