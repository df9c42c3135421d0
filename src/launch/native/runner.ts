import { spawn } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../errors.js';
import { makeFolders } from '../../private-folder.js';
import type { LogsQuery } from '../docker/gateway.js';
import type { OutputChunk } from '../docker/types.js';
import { signalProcess } from './process.js';
import { readLiveState, readServer, type NativeServer } from './read-server.js';
import { lock, unwritable } from './lock.js';
import { readLog } from './log.js';
import { replace, type ReplaceOptions } from './replace.js';
import { stateFolderOf, serverProgram, writeAtomically, type NativeRequest, type Unready } from './state.js';
import { waitForStart } from './supervisor/wait-for-start.js';

/** Native servers of this machine. */
export interface NativeRunner {
  /** Starts the server and its supervisor, detached; answers once the process runs, before it is ready. Throws USAGE where the name is taken. */
  start(request: NativeRequest): Promise<NativeServer>;
  /**
   * Starts a server beside one that runs and hands its port over, and answers once it has taken that one's place, name and record; or why it
   * did not become ready, and the other one goes on as it was. Throws USAGE where somebody else starts either name.
   */
  replace(name: string, next: NativeRequest, options: ReplaceOptions): Promise<Unready | undefined>;
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

/** What native servers need from the process that starts them. */
export interface NativeWorld {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeFolder: string;
  now(): number;
}

const pollMs = 50;
const supervisorPath = fileURLToPath(new URL('./supervisor/supervisor-process.js', import.meta.url));
/** Servers that run without containers, each under a supervisor of its own, described by files in the state folder. */
export function openNative(world: NativeWorld): NativeRunner {
  const root = resolve(stateFolderOf(world.env, world.homeFolder), 'native');
  const folderOf = (name: string): string => join(root, checkName(name));
  const find = async (name: string): Promise<NativeServer | undefined> => readServer(folderOf(name));
  const demand = async (name: string): Promise<NativeServer> => (await find(name)) ?? throwMissing(name);
  return {
    find,
    start: async (request) => start(folderOf(request.name), request, world),
    replace: async (name, next, options) => {
      await demand(name);
      return replace({ from: folderOf(name), to: folderOf(next.name) }, next, { ...options, world });
    },
    list: async () => {
      const names = await readdir(root).catch(() => []);
      const servers = await Promise.all(names.filter((name) => isName.test(name)).map((name) => find(name)));
      return servers.filter((server) => server !== undefined).sort((a, b) => b.createdAtMs - a.createdAtMs);
    },
    logs: async function* (name, query) {
      const { createdAtMs } = await demand(name);
      const hasEnded = async () => isOver(await find(name), createdAtMs);
      yield* readLog({ path: join(folderOf(name), 'server.log'), hasEnded }, query);
    },
    stop: async (name, options) => stop(folderOf(name), await demand(name), options?.graceSeconds ?? 10),
    kill: async (name, signal = 'SIGKILL') => kill(folderOf(name), await demand(name), signal),
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
    `"${name}" is not a valid name: use letters, digits, "_", "." and "-", a letter or digit first.`,
  );
}

function throwMissing(name: string): never {
  throw new AppError('CONTAINER_NOT_FOUND', `There is no native server named ${name}.`, { details: { name } });
}

async function start(folder: string, request: NativeRequest, world: NativeWorld): Promise<NativeServer> {
  const unlock = await lock(folder, request.name);
  try {
    const before = await readServer(folder);
    if (before !== undefined && before.status !== 'exited') {
      throw new AppError(
        'USAGE',
        `A native server named ${request.name} is already running. Stop it, or choose another --name.`,
      );
    }
    await describe(folder, request, world).catch((thrown: unknown) => {
      throw unwritable(thrown);
    });
    const env = Object.fromEntries(Object.entries(world.env).filter(([, value]) => value !== undefined));
    const supervisor = spawn(process.execPath, [supervisorPath, folder], { detached: true, stdio: 'ignore', env });
    supervisor.unref();
    return await waitForStart(folder, supervisor);
  } finally {
    await unlock();
  }
}

/** Makes its folder anew, with what it is to be. */
async function describe(folder: string, request: NativeRequest, world: NativeWorld): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  makeFolders(folder);
  const program = request.program ?? serverProgram;
  await writeAtomically(join(folder, 'request.json'), { request: { ...request, program }, createdAtMs: world.now() });
}

async function kill(folder: string, { request: { name } }: NativeServer, signal: NodeJS.Signals): Promise<void> {
  if (await signalProcess((await readLiveState(folder))?.server, signal)) return;
  throw new AppError('DOCKER_REFUSED', `Could not signal ${name}: it is not running.`, { details: { name } });
}

async function stop(folder: string, server: NativeServer, graceSeconds: number): Promise<void> {
  if (server.status === 'exited') return;
  const state = await readLiveState(folder);
  const kill = new AbortController();
  const timer = setTimeout(() => kill.abort(), graceSeconds * 1000);
  const supervised = await signalProcess(state?.supervisor, 'SIGTERM');
  if (!supervised) await signalProcess(state?.server, 'SIGTERM');
  const hasEnded = await waitForEnd(folder, kill.signal).then(
    () => true,
    () => false,
  );
  clearTimeout(timer);
  if (hasEnded) return;
  // Told twice, a supervisor kills whatever it still has.
  await signalProcess(state?.supervisor, 'SIGTERM');
  await signalProcess((await readLiveState(folder))?.server, 'SIGKILL');
  await waitForEnd(folder);
}

/** Exit code of a server, once it has ended; 0 where it took its folder with it, or another one has its place. */
async function waitForEnd(folder: string, signal?: AbortSignal): Promise<number> {
  const first = await readServer(folder);
  for (let server = first; ; server = await readServer(folder)) {
    if (isOver(server, first?.createdAtMs))
      return server?.createdAtMs === first?.createdAtMs ? (server?.exitCode ?? 0) : 0;
    await wait(pollMs, undefined, signal === undefined ? {} : { signal });
  }
}

/** Whether the server that was created then has ended: another one may have its name. */
function isOver(server: NativeServer | undefined, createdAtMs: number | undefined): boolean {
  return server === undefined || server.status === 'exited' || server.createdAtMs !== createdAtMs;
}
