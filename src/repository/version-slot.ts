import { AppError, messageOf, shorten } from '../errors.js';
import type { ModelEvent, OnModelEvent } from './events.js';
import type { VersionSource } from './files/version-source.js';
import { takeFingerprint, watchAround, type Watch } from './files/fingerprint.js';
import { loadVersion, type LoadedVersion, type LoaderOptions } from './loading/load-version.js';
import type { Servable } from './servable.js';
import { StatisticsCounter } from './statistics.js';
import type { VersionState } from './types.js';

/** What the place of a version needs. */
export interface SlotOptions {
  readonly model: string;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly onEvent: OnModelEvent;
  /** How long a call waits for the requests of what it let go; 30 s unless told otherwise. */
  readonly unloadLimitMs?: number | undefined;
}

/**
 * - Holds what serves and what is wrong with one version number, across reloads.
 * - While a new load is under way, and where it fails, the earlier one keeps serving.
 * - Calls that change it are made one after another by its model.
 */
export class VersionSlot {
  readonly version: string;
  #state: VersionState = { state: 'loading' };
  #failure: AppError | undefined;
  #loaded: LoadedVersion | undefined;
  #source: VersionSource | undefined;
  #watch: Watch = { paths: [], fingerprint: '' };

  readonly #model: string;
  readonly #statistics: StatisticsCounter;
  readonly #onEvent: OnModelEvent;
  readonly #unloadLimitMs: number;

  constructor({ model, version, clock, onEvent, unloadLimitMs = 30_000 }: SlotOptions) {
    this.#model = model;
    this.version = version;
    this.#statistics = new StatisticsCounter(clock);
    this.#onEvent = onEvent;
    this.#unloadLimitMs = unloadLimitMs;
  }

  get state(): VersionState {
    return this.#state;
  }

  /** Why the last load failed, also where an earlier one still serves. */
  get failure(): AppError | undefined {
    return this.#failure;
  }

  get servable(): Servable | undefined {
    return this.#loaded?.servable;
  }

  /** Whether the files or the configuration differ from what was last tried, or that failed for a reason of the moment. */
  async isStale(source: VersionSource): Promise<boolean> {
    const tried = this.#source;
    if (tried === undefined || tried.path !== source.path || tried.problem !== source.problem) return true;
    if (tried.configText !== source.configText || this.#isLost()) return true;
    const fingerprint = await takeFingerprint(this.#watch.paths);
    if (fingerprint === this.#watch.fingerprint) return false;
    if (this.#failure !== undefined || this.#loaded === undefined) return true;
    if (!(await this.#loaded.isCurrent())) return true;
    this.#watch = { ...this.#watch, fingerprint };
    return false;
  }

  /** Whether workers were lost, while it was loaded or since: that may pass. */
  #isLost(): boolean {
    if (this.#failure?.code === 'MODEL_QUARANTINED') return false;
    return this.#failure?.code === 'WORKER_LOST' || this.servable?.lost !== undefined;
  }

  /** Loads from disk; resolves when the new load serves and the one before has drained, or when the load has failed. */
  async load(source: VersionSource, options: LoaderOptions & { readonly isAsked: boolean }): Promise<void> {
    if (this.#loaded === undefined) this.#state = { state: 'loading' };
    const { isAsked } = options;
    this.#source = source;
    const before = this.#loaded;
    const failedBefore = this.#failure;
    const startedMs = performance.now();
    if (isAsked && source.path !== undefined) options.crashes?.release(`${this.#model}/${this.version}`, source.path);
    try {
      this.#watch = await watchAround(source.path, source.folder);
      if (!isLoadable(source)) throw new AppError('MODEL_INVALID', source.problem ?? 'it has no model file');
      const request = { ...source, statistics: this.#statistics };
      const loaded = await loadUnlessClosing((signal) => loadVersion(request, options, signal), options.closing);
      this.#loaded = loaded;
      this.#failure = undefined;
      this.#state = { state: 'ready', model: loaded.servable };
      this.#watch = loaded.watch;
      const kind = failedBefore !== undefined ? 'repair' : before === undefined ? 'load' : 'reload';
      this.#tell({ kind, ms: performance.now() - startedMs, servable: loaded.servable });
    } catch (error) {
      this.#failure = toFailure(source, error);
      if (before === undefined) this.#state = { state: 'failed', reason: this.#failure.message };
      const { code, message: reason } = this.#failure;
      if (options.closing?.aborted === true) return;
      const isRepeated = failedBefore?.message === reason;
      const ms = performance.now() - startedMs;
      this.#tell({ kind: 'failure', ms, code, reason, isServing: before !== undefined, isRepeated });
      return;
    }
    if (before !== undefined) await this.#waitFor(before.servable.retire(this.#loaded.servable));
  }

  /** Says why this version is not served, without ever having loaded it. */
  skip(reason: string): void {
    if (this.#loaded !== undefined) return;
    this.#failure = undefined;
    this.#source = undefined;
    this.#state = { state: 'unloaded', reason };
  }

  /** Stops serving once queued and running requests have finished, which is not waited for beyond a limit. */
  async unload(reason: string): Promise<void> {
    const loaded = this.#loaded;
    if (loaded !== undefined) {
      this.#state = { state: 'unloading' };
      this.#loaded = undefined;
      await this.#waitFor(loaded.servable.retire());
      this.#tell({ kind: 'unload', reason });
    }
    this.skip(reason);
  }

  /** What was let go finishes its requests; a run that hangs is the watchdog's, and holds up nobody who unloads or loads. */
  async #waitFor(retired: Promise<void>): Promise<void> {
    const waitedMs = this.#unloadLimitMs;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.#tell({ kind: 'unfinished', waitedMs });
        resolve();
      }, waitedMs);
    });
    await Promise.race([retired, late]).finally(() => clearTimeout(timer));
  }

  #tell(event: Told): void {
    this.#onEvent({ ...event, model: this.#model, version: this.version });
  }
}

type Told<Event = ModelEvent> = Event extends { readonly kind: 'recovery' } ? never : Omit<Event, 'model' | 'version'>;

/**
 * Loads, unless the repository closes: then the load is told, nobody waits for what it has not done yet, and what comes of it is let go.
 * A version that is loaded lives on, whatever closes then.
 */
async function loadUnlessClosing(
  load: (signal: AbortSignal) => Promise<LoadedVersion>,
  closing: AbortSignal | undefined,
): Promise<LoadedVersion> {
  const unwanted = new AbortController();
  let abort = (): void => undefined;
  const closed = new Promise<never>((_resolve, reject) => {
    abort = () => {
      const reason = new AppError('SHUTTING_DOWN', 'The server is shutting down.');
      unwanted.abort(reason);
      reject(reason);
    };
    closing?.addEventListener('abort', abort);
    if (closing?.aborted === true) abort();
  });
  const loading = load(unwanted.signal);
  closed.catch(() => loading.then(({ servable }) => servable.retire())).catch(() => undefined);
  return Promise.race([loading, closed]).finally(() => closing?.removeEventListener('abort', abort));
}

function isLoadable(source: VersionSource): source is VersionSource & { readonly path: string } {
  return source.path !== undefined && source.problem === undefined;
}

/** A name in a stranger's model may be as long as its file: the log and every index of the repository would have it. */
const longestReason = 10_000;

/** Every reason begins with the version that it is about. */
function toFailure({ name, version }: VersionSource, thrown: unknown): AppError {
  const code = thrown instanceof AppError ? thrown.code : 'INTERNAL';
  const text = shorten(messageOf(thrown), longestReason);
  return new AppError(code, `Model '${name}' version ${version} cannot be loaded: ${text}`, { cause: thrown });
}
