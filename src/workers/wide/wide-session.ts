import { AppError, messageOf } from '../../errors.js';
import type { SessionSpec } from '../../engine/engine.js';
import type { TensorSpec } from '../../tensor/tensor.js';
import type { RunJob } from '../runner.js';
import { ShapeCosts } from '../shape-costs.js';
import { WideCost } from './wide-cost.js';

/** The worker of a wide session, as far as this needs it. */
export interface WideWorker {
  /** Numbers of the sessions that it holds now. */
  readonly held: ReadonlySet<number>;
}

/** A loaded model whose lone runs may become wide. */
export interface WideSubject {
  readonly spec: SessionSpec;
  readonly inputs: readonly TensorSpec[];
  /** Loads it once more on the worker that takes lone runs. */
  readonly load: (session: number, threads: WideThreads) => Promise<void>;
}

/** What a wide session has otherwise than the narrow ones. */
export type WideThreads = Required<Pick<SessionSpec, 'intraOpThreads' | 'spinUs'>>;

interface WideOptions {
  /** What the pool calls the wide session. */
  readonly number: number;
  readonly threads: WideThreads;
  readonly onChange: (event: WideChange) => void;
  readonly onRun: () => void;
}

/** Lone runs of a shape are wide from now on, or are not. */
export interface WideChange {
  readonly session: string;
  readonly wide: boolean;
  readonly reason: string;
  /** The session for them could not be loaded. */
  readonly failed?: true;
}

/** A run that began while nothing else ran. */
export interface LoneRun {
  /** Whether the wide session is to run it. */
  readonly isWide: boolean;
  /** To be called with the time that it took. */
  readonly end: (ms: number) => void;
}

/** Runs in a row with nothing beside them, before the next is taken for a lone one. */
const enoughAlone = 2;

/**
 * One model's second session, whose runs take the threads of all workers: for requests that come alone, where that is faster.
 * - What a shape takes is learned from its lone runs; the session is loaded when the first shape proves long, and a trial decides.
 * - Runs that overlap get the threads of their own worker, which is the most for all of them together.
 */
export class WideSession {
  readonly number: number;
  readonly #of: WideSubject;
  readonly #options: WideOptions;
  readonly #costs: ShapeCosts<WideCost>;
  /** Runs since one began beside another. */
  #alone = 0;
  #loading: Promise<void> | undefined;

  constructor(of: WideSubject, options: WideOptions) {
    this.number = options.number;
    this.#of = of;
    this.#options = options;
    this.#costs = new ShapeCosts(of.inputs, () => new WideCost());
  }

  /** A run begins on a worker; undefined where it is not alone, or too short. */
  begin({ requests: [inputs], rows }: RunJob, worker: WideWorker, isAlone: () => boolean): LoneRun | undefined {
    if (inputs === undefined) return undefined;
    const cost = this.#costs.of({ inputs, rows });
    if (cost.isShort) return undefined;
    if (!isAlone()) {
      this.#alone = 0;
      return undefined;
    }
    const alone = (this.#alone += 1);
    const isWide = alone > enoughAlone && worker.held.has(this.number) && cost.next();
    if (isWide) this.#options.onRun();
    return { isWide, end: (ms) => this.#alone === alone && this.#note(cost, isWide, ms) };
  }

  /** Resolves when it is not being loaded any more. */
  async settled(): Promise<void> {
    await this.#loading;
  }

  #note(cost: WideCost, isWide: boolean, ms: number): void {
    const verdict = cost.note(isWide, ms);
    if (cost.isLong) this.#loading ??= this.#load();
    if (verdict === undefined) return;
    const [wideMs, narrowMs] = [verdict.wideMs.toFixed(1), verdict.narrowMs.toFixed(1)];
    this.#tell(
      verdict.wide,
      `it takes ${wideMs} ms with the threads of all workers, and ${narrowMs} ms with those of one`,
    );
  }

  async #load(): Promise<void> {
    try {
      await this.#of.load(this.number, this.#options.threads);
    } catch (error) {
      if (error instanceof AppError && error.code === 'SHUTTING_DOWN') return;
      const reason = `it cannot be loaded with the threads of all workers: ${messageOf(error)}`;
      this.#options.onChange({ session: this.#of.spec.logId, wide: false, reason, failed: true });
    }
  }

  #tell(wide: boolean, reason: string): void {
    this.#options.onChange({ session: this.#of.spec.logId, wide, reason });
  }
}

/**
 * The parts of an operator follow each other within microseconds, and a thread that sleeps is late for the next: with 0 of them lone runs
 * of small detectors gained a quarter, with this two fifths.
 */
const spinUs = 100;

/** The wide sessions of a pool. */
export class WideSessions {
  readonly counts = { wideRuns: 0, wideFailures: 0 };
  readonly #intraOpThreads: number;
  readonly #onChange: WideOptions['onChange'];

  /** `wideThreads`: of one wide run; undefined: there are none. */
  constructor(wideThreads: number | undefined, onChange: WideOptions['onChange']) {
    this.#intraOpThreads = wideThreads ?? 0;
    this.#onChange = onChange;
  }

  /** Lets lone runs of a session become wide; undefined where they would get no more threads than they have. */
  open(of: WideSubject, number: number): WideSession | undefined {
    const { provider, intraOpThreads } = of.spec;
    if (provider !== 'cpu' || this.#intraOpThreads <= intraOpThreads) return undefined;
    return new WideSession(of, {
      number,
      threads: { intraOpThreads: this.#intraOpThreads, spinUs },
      onChange: (event) => {
        if (event.failed === true) this.counts.wideFailures += 1;
        this.#onChange(event);
      },
      onRun: () => (this.counts.wideRuns += 1),
    });
  }
}
