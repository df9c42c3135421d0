import { basename } from 'node:path';
import { omitUndefined } from '../../omit-undefined.js';
import { isRunning } from './process.js';
import { readRecord, readState, type NativeRequest, type NativeStatus } from './state.js';

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

const nothing = { isSupervised: false, restarts: 0, handsOver: 'it does not run' } as const;

/** Reads what a folder says of its server, and looks whether that is so; undefined where it says nothing. */
export async function readServer(folder: string): Promise<NativeServer | undefined> {
  const record = await readRecord(folder);
  if (record === undefined) return undefined;
  if (record === 'unreadable') return unreadableServer(folder);
  const { request, createdAtMs } = record;
  if (record.state === undefined) return { request, createdAtMs, status: 'exited', ...nothing };
  const isSupervised = await isRunning(record.state.supervisor);
  // A supervisor that has ended since the record was read has written its last words in between.
  const state = isSupervised ? record.state : ((await readState(folder)) ?? record.state);
  const isServing = await isRunning(state.server);
  const { startedAtMs, finishedAtMs, exitCode, handsOver = 'it has not begun to serve', replacement } = state;
  return {
    request,
    createdAtMs,
    status: isSupervised ? state.status : isServing ? 'running' : 'exited',
    isSupervised,
    restarts: state.restarts,
    handsOver: isSupervised ? handsOver : 'its supervisor is gone',
    ...(isSupervised && replacement?.pid !== undefined ? { successorPid: replacement.pid } : {}),
    ...(isServing && state.server !== undefined ? { pid: state.server.pid } : {}),
    ...omitUndefined({ startedAtMs, finishedAtMs, exitCode }),
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
  return { request, createdAtMs: 0, status: 'exited', isUnreadable: true, ...nothing };
}
