import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readRegularFile } from '../../regular-file.js';
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

const statuses = { starting: 1, running: 1, restarting: 1, stopping: 1, exited: 1 } as const;

/** What a native server does. */
export type NativeStatus = keyof typeof statuses;

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

/** What `request.json` in one server's folder says; beside it are `state.json` and `server.log`. */
export interface NativeRecord {
  readonly request: NativeRequest;
  readonly createdAtMs: number;
}

/** Replaces a file in one step: a reader sees the old or the new text, never half of one. Where that fails the old one stays. */
export async function writeAtomically(path: string, value: unknown): Promise<void> {
  const draft = `${path}.${process.pid}.new`;
  try {
    // Without its bytes on the disk a renamed file may be empty after a power failure.
    await writeFile(draft, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600, flush: true });
    await rename(draft, path);
  } catch (thrown) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw thrown;
  }
}

/** Reads a record; undefined where the folder holds none, `unreadable` where what it holds was cut short or is no record. */
export async function readRecord(folder: string): Promise<NativeRecord | 'unreadable' | undefined> {
  const record = await readJson(join(folder, 'request.json'));
  if (record === undefined) return undefined;
  if (!isObject(record) || !hasFields(record['request'], requestFields) || !isCount(record['createdAtMs'])) {
    return 'unreadable';
  }
  return record as unknown as NativeRecord;
}

/** What the supervisor said last; undefined where it said nothing that can be read. */
export async function readState(folder: string): Promise<NativeState | undefined> {
  const state = await readJson(join(folder, 'state.json'));
  return hasFields(state, stateFields) ? (state as NativeState) : undefined;
}

/** What `next.json` asks for, and takes the file away; undefined where it asks nothing that can be read. */
export async function takeNext(folder: string): Promise<NextServer | AbandonedServer | undefined> {
  const path = join(folder, 'next.json');
  const next = await readJson(path);
  await rm(path, { recursive: true, force: true }).catch(() => undefined);
  if (hasFields(next, { abandon: isCount })) return next as AbandonedServer;
  return hasFields(next, nextFields) ? (next as NextServer) : undefined;
}

type Fields = Readonly<Record<string, (value: unknown) => boolean>>;

const isText = (value: unknown): boolean => typeof value === 'string';
const isFlag = (value: unknown): boolean => typeof value === 'boolean';
/** Also a moment that a `Date` can hold. */
const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 8.64e15;
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
const areTexts = (value: unknown): boolean => isObject(value) && Object.values(value).every(isText);
const isList = (value: unknown): boolean => Array.isArray(value) && areTexts(value);
const isProcess = (value: unknown): boolean => hasFields(value, { pid: isCount, startedAt: isText });
const maybe =
  (fits: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === undefined || fits(value);

const requestFields: Fields = {
  ...{ name: isText, host: isText, port: isCount, args: isList, env: areTexts, cwd: isText, config: isText },
  ...{ labels: areTexts, removeOnExit: isFlag, restart: isFlag, program: maybe(isList), hangRule: maybe(isObject) },
};
const nextFields: Fields = {
  ...{ createdAtMs: isCount, env: areTexts, timeoutMs: isCount },
  request: (value) => hasFields(value, requestFields),
};
const stateFields: Fields = {
  status: (value) => isText(value) && Object.hasOwn(statuses, String(value)),
  ...{ supervisor: isProcess, server: maybe(isProcess), startedAtMs: maybe(isCount), finishedAtMs: maybe(isCount) },
  ...{ restarts: isCount, exitCode: maybe(isCount), handsOver: maybe((value) => value === true || isText(value)) },
  replacement: maybe((value) => hasFields(value, { id: isCount, pid: maybe(isCount), failure: maybe(isObject) })),
};

function hasFields(value: unknown, fields: Fields): boolean {
  return isObject(value) && Object.entries(fields).every(([name, fits]) => fits(value[name]));
}

/** The value in a file, null where the file holds none or is none; undefined where nothing has the name. */
async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(String(await readRegularFile(path)));
  } catch (thrown) {
    return ['ENOENT', 'ENOTDIR'].includes((thrown as NodeJS.ErrnoException).code ?? '') ? undefined : null;
  }
}

/** Folder of the native servers' state: `$XDG_STATE_HOME/slipway`, else `~/.slipway`; SLIPWAY_STATE_DIR wins. */
export function stateFolderOf(env: Readonly<Record<string, string | undefined>>, homeFolder: string): string {
  const { SLIPWAY_STATE_DIR: own = '', XDG_STATE_HOME: xdg = '' } = env;
  if (own !== '') return own;
  return xdg === '' ? join(homeFolder, '.slipway') : join(xdg, 'slipway');
}
