import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ReadinessResult } from '../session/readiness.js';
import type { HangRule } from './supervisor/hang-watch.js';
import type { ProcessIdentity } from './process.js';

/** The server's program, where a request names no other: its thread pool is sized before Node's module loader starts it. */
export const serverProgram = [
  process.execPath,
  '--require',
  fileURLToPath(new URL('../../../../bin/thread-pool.cjs', import.meta.url)),
  fileURLToPath(new URL('../../server/main.js', import.meta.url)),
];

/** What a native server is to be. */
export interface NativeRequest {
  /** Letters, digits, `_`, `.`, `-`; one server a name. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Arguments of the server's command line, host and port among them. */
  readonly args: readonly string[];
  /** Variables beyond those of the launcher's own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Fingerprint of what was asked for, so that the same request finds this server again. */
  readonly config: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Its folder with the logs goes once it has ended. */
  readonly removeOnExit: boolean;
  /** Start again after a crash. */
  readonly restart: boolean;
  /** How the server's process is started; undefined: this package's own server. */
  readonly program?: readonly string[];
  /** When it counts as hung; undefined: the usual rule. */
  readonly hangRule?: HangRule;
}

/** What a native server does. */
export type NativeStatus = 'starting' | 'running' | 'restarting' | 'stopping' | 'exited';

/** What the supervisor says of its server; rewritten whole at each change. */
export interface NativeState {
  readonly status: NativeStatus;
  readonly supervisor: ProcessIdentity;
  readonly server?: ProcessIdentity;
  readonly startedAtMs?: number;
  readonly finishedAtMs?: number;
  readonly restarts: number;
  /** Of the last end. */
  readonly exitCode?: number;
  /** Whether another server may take this one's place while it serves, or why not; undefined: it has not said so. */
  readonly handsOver?: true | string | undefined;
  /** The last attempt to do so, until it has succeeded. */
  readonly replacement?: Replacement | undefined;
}

/** Why a server did not become ready. */
export type Unready = Exclude<ReadinessResult, { kind: 'ready' }>;

/** A server that is to take the place of the one that serves. */
export interface Replacement {
  /** Its record's `createdAtMs`. */
  readonly id: number;
  /** Its process, while that runs. */
  readonly pid?: number | undefined;
  /** Why it did not take the place. */
  readonly failure?: Unready;
}

/** What is asked of a supervisor in `next.json`: another server in the place of its own. */
export interface NextServer {
  readonly request: NativeRequest;
  readonly createdAtMs: number;
  /** The environment of the launcher that asks. */
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
}

/** Also in `next.json`: the server of that `createdAtMs` is not to take the place any more, whether or not it was read that it should. */
export interface AbandonedServer {
  readonly abandon: number;
}

/** One server's folder: `request.json`, `state.json`, `server.log`. */
export interface NativeRecord {
  readonly request: NativeRequest;
  readonly createdAtMs: number;
  readonly state?: NativeState;
}

/** Replaces a file in one step: a reader sees the old or the new text, never half of one. */
export async function writeAtomically(path: string, value: unknown): Promise<void> {
  const draft = `${path}.${process.pid}.new`;
  // Without its bytes on the disk a renamed file may be empty after a power failure.
  await writeFile(draft, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600, flush: true });
  await rename(draft, path);
}

/** Reads a record; undefined where the folder holds none, `unreadable` where what it holds was cut short. */
export async function readRecord(folder: string): Promise<NativeRecord | 'unreadable' | undefined> {
  const [request, state] = await Promise.all([readJson(join(folder, 'request.json')), readState(folder)]);
  if (request === undefined) return undefined;
  if (!('request' in request)) return 'unreadable';
  return { ...(request as Omit<NativeRecord, 'state'>), ...(state === undefined ? {} : { state }) };
}

/** What the supervisor said last; undefined where it said nothing that can be read. */
export async function readState(folder: string): Promise<NativeState | undefined> {
  const state = await readJson(join(folder, 'state.json'));
  return state !== undefined && 'supervisor' in state ? (state as NativeState) : undefined;
}

/** The object in a file, empty where the file holds none; undefined where there is no file. */
async function readJson(path: string): Promise<object | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** Folder of the native servers' state: `$XDG_STATE_HOME/slipway`, else `~/.slipway`; SLIPWAY_STATE_DIR wins. */
export function stateFolderOf(env: Readonly<Record<string, string | undefined>>, homeFolder: string): string {
  const { SLIPWAY_STATE_DIR: own = '', XDG_STATE_HOME: xdg = '' } = env;
  if (own !== '') return own;
  return xdg === '' ? join(homeFolder, '.slipway') : join(xdg, 'slipway');
}
