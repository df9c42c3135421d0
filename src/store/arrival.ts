import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolders, makePrivateFolder } from '../private-folder.js';
import { readRegularFile } from '../regular-file.js';
import { parseObject } from './json.js';
import type { StoreWorld } from './world.js';

/** A file as it arrived. */
export interface ArrivedFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** By what its bytes were checked on arrival. */
  readonly verified?: string;
}

/** What stands beside files that arrived, in `from.json`: where they are from, and what they are. */
export interface Arrival {
  readonly location: string;
  readonly revision: string;
  readonly isPinned: boolean;
  /** The file or folder below `files` that holds the models. */
  readonly entry: string;
  readonly arrivedAt: string;
  readonly files: readonly ArrivedFile[];
}

/** A stage whose owner is on another machine counts as left behind after this long without a byte. */
const staleMs = 10 * 60_000;

/** The name of a stage: hidden, so that nothing takes it for models, and by its owner. */
const stagePattern = /^\.([0-9a-f]+)\.([\w-]+)\.(\d+)\.part$/;

/** How many states of one place are kept. */
const keptStates = 2;

/** What arrived whole; undefined where it has not, or files of it are gone or of other sizes. */
export async function findArrival(folder: string): Promise<Arrival | undefined> {
  const text = await readRegularFile(join(folder, 'from.json')).then(String, () => undefined);
  const arrival = parseObject(text) as Arrival | undefined;
  if (arrival === undefined) return undefined;
  for (const { path, sizeBytes } of arrival.files) {
    const found = await stat(join(folder, 'files', path)).catch(() => undefined);
    if (found?.size !== sizeBytes) return undefined;
  }
  return arrival;
}

/**
 * A folder in which a state of a place gathers: what an ended process left of the same state is taken over with all that came,
 * and one that another process fills is left alone.
 */
export async function openStage(home: string, state: string, world: StoreWorld): Promise<string> {
  await makePrivateFolder(home, world.userId);
  const own = join(home, `.${state}.${world.self.host}.${world.self.pid}.part`);
  for (const name of await readdir(home)) {
    const [, of, host, pid] = stagePattern.exec(name) ?? [];
    const path = join(home, name);
    if (of !== state || path === own || !(await isLeft(path, { host: host ?? '', pid: Number(pid) }, world))) continue;
    const isTaken = await rename(path, own).then(
      () => true,
      () => false,
    );
    if (isTaken) break;
  }
  makeFolders(join(own, 'files'));
  return own;
}

async function isLeft(
  stage: string,
  owner: StoreWorld['self'],
  { self, now, isRunning }: StoreWorld,
): Promise<boolean> {
  if (owner.host === self.host) return !isRunning(owner.pid);
  const names = await readdir(stage, { recursive: true }).catch(() => []);
  const times = await Promise.all(
    ['', ...names].map((name) =>
      stat(join(stage, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(...times) < now() - staleMs;
}

/** Makes a stage the state itself, in one step. Where another process was first, its files stay. */
export async function publish(stage: string, folder: string, arrival: Arrival): Promise<void> {
  await writeFile(join(stage, 'from.json'), `${JSON.stringify(arrival, undefined, 2)}\n`, { mode: 0o600 });
  if ((await findArrival(folder)) !== undefined && arrival.isPinned) {
    await rm(stage, { recursive: true });
    return;
  }
  const old = `${stage}.old`;
  await rename(folder, old).catch(ignoreAbsent);
  await rename(stage, folder);
  await rm(old, { recursive: true, force: true });
}

function ignoreAbsent(thrown: unknown): void {
  if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
}

/** The states of one place that are here, newest first, each with its folder. */
export async function listStates(home: string): Promise<readonly (Arrival & { readonly folder: string })[]> {
  const names = (await readdir(home).catch(() => [])).filter((name) => !name.startsWith('.'));
  const found = await Promise.all(
    names.map(async (name) => ({ folder: join(home, name), arrival: await findArrival(join(home, name)) })),
  );
  const whole = found.flatMap(({ folder, arrival }) => (arrival === undefined ? [] : [{ ...arrival, folder }]));
  return whole.sort((a, b) => (a.arrivedAt < b.arrivedAt ? 1 : -1));
}

/** Removes all but the newest states of a place; a server that serves an older one has it open already. */
export async function dropOldStates(home: string): Promise<readonly string[]> {
  const old = (await listStates(home)).slice(keptStates);
  for (const { folder } of old) await rm(folder, { recursive: true, force: true });
  return old.map(({ revision }) => revision);
}
