import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../errors.js';
import { parseModelJson } from '../model/parse-config.js';
import type { OnModelEvent } from './events.js';
import { type ModelOnDisk, chooseVersions, whyNotServed } from './files/model-folder.js';
import { readConfig, sourceOf, type VersionSource } from './files/version-source.js';
import type { LoaderOptions } from './loading/load-version.js';
import { VersionSlot } from './version-slot.js';

/** What the versions of a model are loaded with. */
export interface EntryOptions extends LoaderOptions {
  readonly onEvent: OnModelEvent;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** How long a version that another took over from goes on taking requests that were meant for it, in milliseconds. */
  readonly lingerMs: number;
  /** How long an unload or a reload waits for requests that were taken before; 30 s unless told otherwise. */
  readonly unloadLimitMs?: number;
  /** Aborted when the repository closes: lingering ends. */
  readonly closing: AbortSignal;
}

/**
 * - One model by name: its versions, and what an operator asked of it.
 * - Changes are made one after another; different models change at the same time.
 * - A version that serves is given up only when what replaces it serves.
 */
export class ModelEntry {
  readonly name: string;
  readonly #options: EntryOptions;
  readonly #slots = new Map<string, VersionSlot>();
  #wanted: readonly string[] = [];
  #problem: string | undefined;
  #override: string | undefined;
  #isUnloaded = false;
  #lastTask: Promise<unknown> = Promise.resolve();

  constructor(name: string, options: EntryOptions) {
    this.name = name;
    this.#options = options;
  }

  /** Versions known, ascending. */
  get slots(): readonly VersionSlot[] {
    return [...this.#slots.values()].sort((a, b) => Number(a.version) - Number(b.version));
  }

  findSlot(version: string): VersionSlot | undefined {
    return this.#slots.get(version);
  }

  /** Why there is no version on disk; those that served before go on. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Whether its folder has not been looked into yet: it is as good as loading. */
  get isNew(): boolean {
    return this.#slots.size === 0 && this.#problem === undefined && !this.#isUnloaded;
  }

  /** Whether an operator unloaded it, so that looking at the disk does not bring it back. */
  get isUnloaded(): boolean {
    return this.#isUnloaded;
  }

  isWanted({ version }: VersionSlot): boolean {
    return this.#wanted.includes(version);
  }

  /** Takes up what changed on disk. Never rejects: failures stand in the slots. */
  refresh(disk: ModelOnDisk): Promise<void> {
    return this.#afterOthers(() => (this.#isUnloaded ? Promise.resolve() : this.#synchronise(disk, false)));
  }

  /** Loads or reloads every version that is to be served. Rejects with the first reason where one fails. */
  load(disk: ModelOnDisk, configText: string | undefined): Promise<void> {
    return this.#afterOthers(async () => {
      if (configText !== undefined) parseModelJson(configText);
      this.#override = configText;
      this.#isUnloaded = false;
      await this.#synchronise(disk, true);
      const failure = this.slots.find((slot) => this.isWanted(slot) && slot.failure !== undefined)?.failure;
      if (failure !== undefined) throw failure;
      if (this.#problem !== undefined) throw new AppError('MODEL_INVALID', `Model '${this.name}': ${this.#problem}.`);
    });
  }

  /** Unloads every version and remembers that this was asked for. */
  unload(reason: string): Promise<void> {
    return this.#afterOthers(async () => {
      this.#isUnloaded = true;
      this.#wanted = [];
      await Promise.all(this.slots.map((slot) => slot.unload(reason)));
    });
  }

  #afterOthers<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#lastTask.then(task);
    this.#lastTask = result.catch(() => undefined);
    return result;
  }

  async #synchronise(disk: ModelOnDisk, isForced: boolean): Promise<void> {
    this.#setProblem(disk.problem);
    if (disk.problem !== undefined && this.slots.some(({ servable }) => servable !== undefined)) return;
    const config = await readConfig(disk.folder, {
      homes: this.#options.homes,
      ...(this.#override === undefined ? {} : { override: this.#override }),
    });
    const onDisk = disk.versions.map(({ version }) => version);
    const { versions: policy } = config.json;
    const wanted = config.problem === undefined ? chooseVersions(policy, onDisk) : this.#keepWanted(onDisk);
    this.#wanted = wanted;
    await Promise.all(wanted.map((version) => this.#update(sourceOf(disk, version, config), isForced)));
    await this.#giveUp(onDisk, whyNotServed(policy));
  }

  /** While model.json cannot be read, the versions that it named before, or the latest. */
  #keepWanted(onDisk: readonly string[]): readonly string[] {
    const kept = this.#wanted.filter((version) => onDisk.includes(version));
    return kept.length > 0 ? kept : chooseVersions('latest', onDisk);
  }

  async #update(source: VersionSource, isForced: boolean): Promise<void> {
    let slot = this.#slots.get(source.version);
    if (slot === undefined) {
      slot = this.#newSlot(source.version);
      this.#slots.set(source.version, slot);
    }
    if (isForced || (await slot.isStale(source))) {
      await slot.load(source, { ...this.#options, isAsked: isForced });
    }
  }

  #newSlot(version: string): VersionSlot {
    const { clock, onEvent, unloadLimitMs } = this.#options;
    return new VersionSlot({ model: this.name, version, clock, onEvent, unloadLimitMs });
  }

  /** Says that no version can be found, once, and that they can again. */
  #setProblem(problem: string | undefined): void {
    const before = this.#problem;
    this.#problem = problem;
    if (problem === before) return;
    const isServing = this.slots.some(({ servable }) => servable !== undefined);
    const { onEvent } = this.#options;
    if (problem !== undefined) {
      const reason = `Model '${this.name}': ${problem}.`;
      onEvent({
        kind: 'failure',
        model: this.name,
        ms: 0,
        code: 'MODEL_INVALID',
        reason,
        isServing,
        isRepeated: false,
      });
    } else if (isServing) onEvent({ kind: 'recovery', model: this.name });
  }

  /** Unloads versions that are not wanted any more, once all that are wanted serve, and forgets those that left the disk. */
  async #giveUp(onDisk: readonly string[], reason: string): Promise<void> {
    const isReplaced = this.#wanted.every((version) => this.#slots.get(version)?.failure === undefined);
    for (const version of onDisk) {
      if (this.#slots.has(version)) continue;
      const slot = this.#newSlot(version);
      slot.skip(reason);
      this.#slots.set(version, slot);
    }
    const leaving = this.slots.filter((slot) => !this.isWanted(slot) && (isReplaced || !onDisk.includes(slot.version)));
    if (leaving.some(({ servable }) => servable !== undefined)) await this.#linger();
    await Promise.all(leaving.map((slot) => slot.unload(reason)));
    for (const { version } of leaving) if (!onDisk.includes(version)) this.#slots.delete(version);
  }

  /** Gives requests that were meant for a version that was replaced the time to arrive. */
  async #linger(): Promise<void> {
    const { lingerMs, closing } = this.#options;
    await delay(lingerMs, undefined, { signal: closing, ref: false }).catch(() => undefined);
  }
}
