import { setMaxListeners } from 'node:events';
import { AppError, refusal } from '../errors.js';
import type { Homes } from '../model/containment.js';
import type { RepositoryIndexEntry } from '../protocol/types.js';
import { scanRepository } from './files/layout.js';
import type { ModelOnDisk } from './files/model-folder.js';
import type { LoaderOptions } from './loading/load-version.js';
import type { OnModelEvent } from './events.js';
import { ModelEntry, type EntryOptions } from './model-entry.js';
import { checkModelName } from '../protocol/paths.js';
import { listNames } from '../protocol/validate.js';
import { describeNew, describeSlot, indexEntry, readinessOf } from './index-entry.js';
import { openSnapshots, type SnapshotFolder } from './files/snapshot-folder.js';
import type { LoadOverrides, ModelReadiness, ModelRepository, ServableModel } from './types.js';

/** What a repository needs. */
export interface RepositoryOptions extends Omit<LoaderOptions, 'snapshotFolder' | 'homes'> {
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** The folder with the models. */
  readonly root: string;
  /** The one file or folder of it that is served, by its name; all unless given. */
  readonly only?: string;
  /** The name under which that one is served, if not its own. */
  readonly servedAs?: string;
  /** Folders outside it into which links are followed. */
  readonly allowLinksTo?: readonly string[];
  /** Where private copies of model files may be put, such as the system's temporary folder. */
  readonly temporaryFolder: string;
  /** Hears of every load, failure and unload. */
  readonly onEvent?: OnModelEvent;
  /** Milliseconds for which a version that another took over from still takes requests; 5000 unless told otherwise. */
  readonly lingerMs?: number;
  /** How often models that their workers gave up are looked for, to be loaded again; a minute unless told otherwise. */
  readonly repairEveryMs?: number;
  /** How long an unload or a reload waits for requests that were taken before; 30 s unless told otherwise. */
  readonly unloadLimitMs?: number;
}

/**
 * Starts to load every model below a folder and returns at once; `settled` tells when all are ready or have failed. Rejects
 * with NOT_FOUND where the folder cannot be read.
 */
export async function openRepository(options: RepositoryOptions): Promise<ModelRepository> {
  const homes = [options.root, ...(options.allowLinksTo ?? [])];
  const found = await scanRepository(options.root, homes, options);
  return new DiskRepository({ ...options, homes }, await openSnapshots(options.temporaryFolder), found);
}

/** How often a folder is looked into before what was not found there is taken to be gone. */
const looks = 3;

/**
 * - Knows every model on disk and every version that is or was loaded; names are looked up here, never made into paths.
 * - Models load at the same time; what becomes of one never stops another.
 */
class DiskRepository implements ModelRepository {
  readonly #scan: () => Promise<readonly ModelOnDisk[]>;
  readonly #snapshots: SnapshotFolder;
  readonly #entryOptions: EntryOptions;
  readonly #closing = new AbortController();
  readonly #entries = new Map<string, ModelEntry>();
  readonly #pending = new Set<Promise<void>>();
  readonly #repairEveryMs: number;
  #repairTimer: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    options: RepositoryOptions & { readonly homes: Homes },
    snapshots: SnapshotFolder,
    found: readonly ModelOnDisk[],
  ) {
    // Every trial that is under way listens.
    setMaxListeners(0, this.#closing.signal);
    this.#scan = () => scanRepository(options.root, options.homes, options);
    this.#snapshots = snapshots;
    this.#entryOptions = {
      ...options,
      snapshotFolder: snapshots.path,
      lingerMs: options.lingerMs ?? 5000,
      onEvent: options.onEvent ?? (() => undefined),
      closing: this.#closing.signal,
    };
    for (const model of found) void this.#track(this.#entryOf(model.name).refresh(model));
    this.#repairEveryMs = options.repairEveryMs ?? 60_000;
    this.#repairLater();
  }

  #repairLater(): void {
    this.#repairTimer = setTimeout(() => void this.#repair(), this.#repairEveryMs).unref();
  }

  /** Loads models from their source that no worker holds any more and none will by itself, whether or not anybody looks at the disk. */
  async #repair(): Promise<void> {
    const lost = this.#sorted().filter(({ slots }) => slots.some(({ servable }) => servable?.lost !== undefined));
    const found = lost.length === 0 ? [] : await this.#look(holdsAll(lost)).catch(() => []);
    if (this.#closed !== undefined) return;
    const again = found.filter(({ name }) => lost.some((entry) => entry.name === name));
    await Promise.all(again.map((model) => this.#track(this.#entryOf(model.name).refresh(model))));
    this.#repairLater();
  }

  /**
   * Looks again where something is missing. A volume may be swapped while it is read, as the kubelet swaps those of ConfigMaps: what links led
   * to before is then being removed, and a look that begins later finds what they lead to now.
   */
  async #look(isComplete: (found: readonly ModelOnDisk[]) => boolean): Promise<readonly ModelOnDisk[]> {
    let found = await this.#scan();
    for (let look = 1; look < looks && !isComplete(found); look++) found = await this.#scan();
    return found;
  }

  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  index(): readonly RepositoryIndexEntry[] {
    return this.#sorted().flatMap((entry) => {
      if (entry.slots.length > 0) return entry.slots.map((slot) => indexEntry(entry, slot));
      if (entry.isNew) return [{ name: entry.name, state: 'LOADING' as const, reason: '' }];
      return [{ name: entry.name, state: 'UNAVAILABLE' as const, reason: entry.problem ?? '' }];
    });
  }

  get(name: string, version?: string): ServableModel {
    this.#refuseWhenClosed();
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      const known = listNames(this.#sorted());
      throw new AppError(
        'MODEL_NOT_FOUND',
        `Request for unknown model: '${name}' is not found; the server has ${known}`,
      );
    }
    if (entry.isNew) throw new AppError('MODEL_NOT_READY', describeNew(entry.name));
    return version === undefined ? latestOf(entry) : versionOf(entry, version);
  }

  versions(name: string): readonly string[] {
    return (this.#entries.get(name)?.slots ?? []).flatMap(({ servable, version }) => (servable ? [version] : []));
  }

  ready(): readonly ServableModel[] {
    return this.#sorted().flatMap(({ slots }) => slots.flatMap(({ servable }) => servable ?? []));
  }

  readiness(): readonly ModelReadiness[] {
    return this.#sorted().flatMap(readinessOf);
  }

  async load(name: string, overrides: LoadOverrides = {}): Promise<void> {
    checkModelName(name);
    this.#refuseWhenClosed();
    const inside = (models: readonly ModelOnDisk[]) => models.find((model) => model.name === name);
    const found = inside(await this.#look((models) => inside(models) !== undefined));
    if (found === undefined) {
      throw new AppError(
        'MODEL_NOT_FOUND',
        `failed to load '${name}', failed to poll from model repository: it holds no such model`,
      );
    }
    await this.#track(this.#entryOf(name).load(found, overrides.configText));
  }

  async unload(name: string): Promise<void> {
    checkModelName(name);
    this.#refuseWhenClosed();
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      throw new AppError('MODEL_NOT_FOUND', `failed to unload '${name}': the model repository holds no such model`);
    }
    await this.#track(entry.unload('it was unloaded on request'));
  }

  async poll(): Promise<void> {
    this.#refuseWhenClosed();
    const found = await this.#look(holdsAll(this.#sorted()));
    const names = new Set(found.map(({ name }) => name));
    const gone = this.#sorted().filter(({ name }) => !names.has(name));
    await Promise.all([
      ...found.map((model) => this.#track(this.#entryOf(model.name).refresh(model))),
      ...gone.map((entry) => this.#track(this.#forget(entry))),
    ]);
  }

  close(): Promise<void> {
    this.#closed ??= this.#unloadAll();
    return this.#closed;
  }

  async #unloadAll(): Promise<void> {
    clearTimeout(this.#repairTimer);
    this.#closing.abort();
    await Promise.all([...this.#entries.values()].map((entry) => entry.unload('the server is shutting down')));
    await this.#snapshots.remove();
  }

  async #forget(entry: ModelEntry): Promise<void> {
    await entry.unload('it is no longer in the model repository');
    if (this.#entries.get(entry.name) === entry) this.#entries.delete(entry.name);
  }

  #entryOf(name: string): ModelEntry {
    const known = this.#entries.get(name);
    if (known !== undefined) return known;
    const entry = new ModelEntry(name, this.#entryOptions);
    this.#entries.set(name, entry);
    return entry;
  }

  #track(task: Promise<void>): Promise<void> {
    const tracked = task.finally(() => this.#pending.delete(tracked));
    this.#pending.add(tracked);
    return tracked;
  }

  #sorted(): readonly ModelEntry[] {
    return [...this.#entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #refuseWhenClosed(): void {
    if (this.#closed !== undefined) throw new AppError('SHUTTING_DOWN', 'The server is shutting down.');
  }
}

/** Tells whether every version that serves was found. */
function holdsAll(entries: readonly ModelEntry[]) {
  return (found: readonly ModelOnDisk[]): boolean =>
    entries.every(({ name, slots }) => {
      const versions = found.find((model) => model.name === name)?.versions ?? [];
      const serving = slots.filter(({ servable }) => servable !== undefined);
      return serving.every((slot) =>
        versions.some(({ version, path }) => version === slot.version && path !== undefined),
      );
    });
}

function versionOf(entry: ModelEntry, version: string): ServableModel {
  const slot = entry.findSlot(version);
  if (slot === undefined) {
    const known = listNames(entry.slots.map((each) => ({ name: each.version })));
    throw refusal(
      'MODEL_NOT_FOUND',
      `Request for unknown model: '${entry.name}' version ${version} is not found; it has the versions ${known}`,
    );
  }
  if (slot.servable !== undefined) return slot.servable;
  throw refusal(
    'MODEL_NOT_READY',
    `Model '${entry.name}' version ${version} is not at ready state. ${describeSlot(entry.name, slot)}`,
  );
}

/** The highest ready version; while one is loading the model is not ready, else it has none. */
function latestOf(entry: ModelEntry): ServableModel {
  const { slots } = entry;
  const latest = slots.findLast(({ servable }) => servable !== undefined)?.servable;
  if (latest !== undefined) return latest;
  const loading = slots.find(({ state }) => state.state === 'loading');
  if (loading !== undefined) throw refusal('MODEL_NOT_READY', describeSlot(entry.name, loading));
  const reasons = slots.filter((slot) => entry.isWanted(slot) || slots.length === 1);
  const reason = entry.problem ?? reasons.map((slot) => describeSlot(entry.name, slot)).join(' ');
  throw refusal('MODEL_NOT_FOUND', `Model '${entry.name}' has no available versions. ${reason}`.trim());
}
