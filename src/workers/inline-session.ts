import type { EngineSession, SessionSpec } from '../engine/engine.js';
import type { NamedTensors, TensorSpec } from '../tensor/tensor.js';
import { InlineCost, type Arrivals } from './inline-cost.js';
import type { JournalPlace, RunPhase, Work } from './run-journal.js';
import { runSession } from './run-session.js';
import type { InlineRuns, PendingRun } from './runner.js';

/** Sees runs that hang on a thread which cannot look after itself then. */
export interface InlineWatch {
  /** Begins to watch runs of a session under this name. */
  begin(session: number, name: string): void;
  enter(session: number): void;
  leave(): void;
  /** Watches no more. */
  close(): Promise<void>;
}

/** What inline runs of all sessions share. */
export interface InlineOptions {
  /** Undefined: runs have no limit. */
  readonly watch: InlineWatch | undefined;
  readonly arrivals: Arrivals;
  /** Loads a session on this thread. */
  readonly open: (spec: SessionSpec) => Promise<EngineSession>;
  readonly onChange: (event: { readonly session: string; readonly inline: boolean; readonly reason: string }) => void;
  readonly onRun: () => void;
  /** This thread's record of what it runs. */
  readonly journal: JournalPlace | undefined;
}

/** A session that workers hold. */
export interface InlineSubject {
  readonly number: number;
  readonly spec: SessionSpec;
  readonly inputs: readonly TensorSpec[];
  readonly work: Readonly<Record<RunPhase, Work>>;
}

/** Shapes whose cost is known; should there be more, the oldest starts again. */
const mostShapes = 256;

/**
 * One model's runs on the thread that reads requests, for those that cost less than to hand them to a worker.
 * - What a shape costs is learned from its runs, first in the workers; the session here is made when the first shape proves cheap.
 * - A session that cannot be made here is not tried again: the workers go on.
 */
export class InlineSession implements InlineRuns {
  readonly #number: number;
  readonly #spec: SessionSpec;
  readonly #isStatic: boolean;
  readonly #options: InlineOptions;
  readonly #work: InlineSubject['work'];
  readonly #costs = new Map<string, InlineCost>();
  #session: EngineSession | undefined;
  #opening: Promise<void> | undefined;
  #isClosed = false;

  constructor(of: InlineSubject, options: InlineOptions) {
    this.#work = of.work;
    this.#number = of.number;
    this.#spec = { ...of.spec, intraOpThreads: 1 };
    this.#isStatic = of.inputs.every(({ shape }) => !shape.includes(-1));
    this.#options = options;
  }

  mayRun(inputs: NamedTensors): boolean {
    const { arrivals } = this.#options;
    arrivals.note();
    return this.#session !== undefined && this.#costOf(inputs).mayRun(arrivals.isLone);
  }

  /** Runs one job now and settles it. */
  run({ job, resolve, reject }: PendingRun): void {
    const { watch, onRun, journal } = this.#options;
    const session = this.#session;
    const [inputs] = job.requests;
    if (session === undefined || inputs === undefined) {
      reject(new RangeError('There is nothing to run here.'));
      return;
    }
    watch?.enter(this.#number);
    journal?.enter(this.#work.running);
    try {
      const outcome = runSession(session, job);
      const { timing } = outcome;
      watch?.leave();
      onRun();
      this.note(inputs, (timing.inputNs + timing.computeNs + timing.outputNs) / 1e6);
      resolve(outcome);
    } catch (error) {
      watch?.leave();
      reject(error);
    }
  }

  note(inputs: NamedTensors, ms: number): void {
    const cost = this.#costOf(inputs);
    const before = cost.isCheap;
    cost.note(ms);
    if (cost.isCheap === before) return;
    if (cost.isCheap && this.#session === undefined) this.#opening ??= this.#open();
    if (!cost.isCheap) this.#tell(false, 'its runs have become slower than handing them to a worker');
  }

  /** Lets the session go; nothing may run any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#opening;
    await this.#session?.release();
    this.#session = undefined;
  }

  async #open(): Promise<void> {
    try {
      this.#options.journal?.enter(this.#work.loading);
      const session = await this.#options.open(this.#spec);
      this.#options.journal?.leave();
      if (this.#isClosed) {
        await session.release();
        return;
      }
      this.#options.watch?.begin(this.#number, this.#spec.logId);
      this.#session = session;
      this.#tell(true, 'its runs cost less than handing them to a worker');
    } catch (error) {
      this.#tell(
        false,
        `it cannot be loaded on the HTTP thread: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  #tell(inline: boolean, reason: string): void {
    this.#options.onChange({ session: this.#spec.logId, inline, reason });
  }

  #costOf(inputs: NamedTensors): InlineCost {
    const key = this.#isStatic ? '' : shapesOf(inputs);
    const known = this.#costs.get(key);
    if (known !== undefined) return known;
    const [oldest] = this.#costs.keys();
    if (this.#costs.size >= mostShapes && oldest !== undefined) this.#costs.delete(oldest);
    const cost = new InlineCost();
    this.#costs.set(key, cost);
    return cost;
  }
}

function shapesOf(inputs: NamedTensors): string {
  let text = '';
  for (const { shape } of inputs.values()) text += `${shape.join()};`;
  return text;
}
