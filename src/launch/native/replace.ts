import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { AppError } from '../../errors.js';
import { lock } from './lock.js';
import { signalProcess } from './process.js';
import { readServer } from './read-server.js';
import {
  readState,
  writeAtomically,
  type AbandonedServer,
  type NativeRequest,
  serverProgram,
  type NextServer,
  type Unready,
} from './state.js';

const pollMs = 50;
/** A supervisor says what became of a server within its time and this: a server before it and the server itself may each need 30 s to end. */
const mostBesideMs = 90_000;

/** How long the next generation may take, and when it is not wanted any more. */
export interface ReplaceOptions {
  readonly timeoutMs: number;
  /** Aborted where it is not to take the place any more. */
  readonly signal: AbortSignal;
}

interface Asking extends ReplaceOptions {
  readonly world: { readonly env: NodeJS.ProcessEnv; now(): number };
}

/** The folder of the server that serves, and that of the one to come, which may be the same. */
interface Folders {
  readonly from: string;
  readonly to: string;
}

/** Asks the supervisor of a server for another one in its place, and waits for what becomes of that. */
export async function replace(
  folders: Folders,
  next: NativeRequest,
  { world, timeoutMs, signal }: Asking,
): Promise<Unready | undefined> {
  const unlock = await lockAll([...new Set([folders.from, folders.to])]);
  try {
    const request = { ...next, program: next.program ?? serverProgram };
    const createdAtMs = world.now();
    const longestMs = timeoutMs + mostBesideMs;
    const startedMs = performance.now();
    await ask(folders.from, { request, createdAtMs, env: world.env, timeoutMs });
    let isAbandoned = false;
    for (;;) {
      if (performance.now() - startedMs > longestMs) throw silentError(folders.from, longestMs);
      if (signal.aborted && !isAbandoned) await ask(folders.from, { abandon: createdAtMs });
      isAbandoned ||= signal.aborted;
      const outcome = await look(folders, createdAtMs);
      if (outcome !== 'pending') return outcome.failure;
      await wait(pollMs);
    }
  } finally {
    await unlock();
  }
}

async function lockAll(folders: readonly string[]): Promise<() => Promise<void>> {
  const unlocks: (() => Promise<void>)[] = [];
  const unlockAll = async (): Promise<void> => {
    for (const unlock of unlocks) await unlock();
  };
  for (const folder of folders) {
    const unlock = lock(folder, basename(folder));
    await unlock.catch(unlockAll);
    unlocks.push(await unlock);
  }
  return unlockAll;
}

function silentError(folder: string, afterMs: number): AppError {
  const name = basename(folder);
  const text = `The supervisor of ${name} did not say within ${afterMs / 1000} s whether the new server took its place.`;
  return new AppError(
    'READY_TIMEOUT',
    `${text}\n  fix: launch logs ${name}, then launch stop ${name} and the same command again`,
  );
}

async function ask(folder: string, order: NextServer | AbandonedServer): Promise<void> {
  const path = join(folder, 'next.json');
  await writeAtomically(path, order);
  if (await signalProcess((await readState(folder))?.supervisor, 'SIGUSR2')) return;
  await rm(path, { force: true });
  throw new AppError('INTERNAL', `The supervisor of ${folder} has ended meanwhile. Try again.`);
}

async function look({ from, to }: Folders, id: number): Promise<{ readonly failure?: Unready } | 'pending'> {
  if ((await readServer(to))?.createdAtMs === id) return {};
  const server = await readServer(from);
  if (server === undefined || server.status === 'exited' || !server.isSupervised) {
    return (await readServer(to))?.createdAtMs === id
      ? {}
      : { failure: { kind: 'ended', exitCode: server?.exitCode ?? -1 } };
  }
  const { replacement } = (await readState(from)) ?? {};
  return replacement?.id === id && replacement.failure !== undefined ? { failure: replacement.failure } : 'pending';
}
