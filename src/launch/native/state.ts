import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HangRule } from './hang-watch.js';
import type { ProcessIdentity } from './process.js';

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
