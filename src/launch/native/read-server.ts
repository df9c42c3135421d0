import { basename } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { omitUndefined } from '../../omit-undefined.js';
import { isRunning, signalProcess } from './process.js';
import { readRecord, readState, type NativeRequest, type NativeState, type NativeStatus } from './state.js';
import { findSupervisor } from './supervisor/find-supervisor.js';

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
  /** Whether another server may take its place while it serves, or why not. */
  readonly handsOver: true | string;
  /** The process that is to take its place, while that is being started. */
  readonly successorPid?: number | undefined;
}

type Described = Pick<NativeServer, 'request' | 'createdAtMs' | 'isUnreadable'>;

const nothing = { isSupervised: false, restarts: 0, handsOver: 'it does not run' } as const;

/** Reads what a folder says of its server, and looks whether that is so; undefined where it says nothing. */
export async function readServer(folder: string): Promise<NativeServer | undefined> {
  const record = await readRecord(folder);
  if (record === undefined) return undefined;
  const described: Described = record === 'unreadable' ? unreadableRecord(folder) : record;
  const { request, createdAtMs, isUnreadable } = described;
  const told = omitUndefined({ isUnreadable });
  const found = await readLiveState(folder);
  if (found === undefined) return { request, createdAtMs, ...told, status: 'exited', ...nothing };
  const isSupervised = await isRunning(found.supervisor);
  // A supervisor that has ended since the record was read has written its last words in between.
  const state = isSupervised ? found : ((await readState(folder)) ?? found);
  const isServing = await isRunning(state.server);
  const { startedAtMs, finishedAtMs, exitCode, handsOver = 'it has not begun to serve', replacement } = state;
  return {
    request,
    createdAtMs,
    ...told,
    status: isSupervised ? state.status : isServing ? 'running' : 'exited',
    isSupervised,
    restarts: state.restarts,
    handsOver: isSupervised ? handsOver : 'its supervisor is gone',
    ...(isSupervised && replacement?.pid !== undefined ? { successorPid: replacement.pid } : {}),
    ...(isServing && state.server !== undefined ? { pid: state.server.pid } : {}),
    ...omitUndefined({ startedAtMs, finishedAtMs, exitCode }),
  };
}

const healingMs = 2000;
const pollMs = 50;

/**
 * What a folder's supervisor says. Where that is garbage or was deleted, the supervisor is looked for, and told to say it again; what it
 * cannot write is taken for a server that runs. Undefined where nothing was said, and no supervisor runs.
 */
export async function readLiveState(folder: string): Promise<NativeState | undefined> {
  const state = await readState(folder);
  if (state !== undefined) return state;
  const supervisor = await findSupervisor(folder);
  if (supervisor === undefined) return undefined;
  await signalProcess(supervisor, 'SIGUSR2');
  for (const endMs = performance.now() + healingMs; performance.now() < endMs && (await isRunning(supervisor));) {
    await wait(pollMs);
    const healed = await readState(folder);
    if (healed !== undefined) return healed;
  }
  return { status: 'running', supervisor, restarts: 0 };
}

/** Stands for a record that was cut short: its server can be listed, and removed. */
function unreadableRecord(folder: string): Described {
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
  return { request, createdAtMs: 0, isUnreadable: true };
}
