import type { EngineSession, SessionSpec } from '../../engine/engine.js';
import type { TensorSpec } from '../../tensor/tensor.js';
import { InlineCost } from './inline-cost.js';
import type { JournalPlace, RunPhase, Work, RunJournal } from '../run-journal.js';
import { runSession } from '../run-session.js';
import type { InlineRuns, PendingRun, RunOutcome, RunSize } from '../runner.js';
import { ShapeCosts } from '../shape-costs.js';
import { Turn } from './turn.js';
import { stat } from 'node:fs/promises';
import { AppError } from '../../errors.js';

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
  readonly turn: Turn;
  /** Loads a session on this thread. */
  readonly open: (spec: SessionSpec) => Promise<EngineSession>;
  readonly onChange: (event: { readonly session: string; readonly inline: boolean; readonly reason: string }) => void;
  /** So many requests were answered by one run here. */
  readonly onRun: (requests: number) => void;
  /** A cheap run was left to the workers, since the turn of the event loop had no time left for it. */
  readonly onFullTurn: () => void;
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

/**
 * One model's runs on the thread that reads requests, for those that cost less than to hand them to a worker.
 * - What a shape costs is learned from its runs, first in the workers; the session here is made when the first shape proves cheap.
 * - A session that cannot be made here is not tried again: the workers go on.
 */
export class InlineSession implements InlineRuns {
  readonly #number: number;
  readonly #spec: SessionSpec;
  readonly #options: InlineOptions;
  readonly #work: InlineSubject['work'];
  readonly #costs: ShapeCosts<InlineCost>;
  #session: EngineSession | undefined;
  #opening: Promise<void> | undefined;
  #isClosed = false;

  constructor(of: InlineSubject, options: InlineOptions) {
    this.#work = of.work;
    this.#number = of.number;
    this.#spec = { ...of.spec, intraOpThreads: 1 };
    this.#costs = new ShapeCosts(of.inputs, () => new InlineCost());
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#session !== undefined;
  }

  arrive(): boolean {
    return this.#options.turn.arrive();
  }

  mayRun(run: RunSize): boolean {
    const { turn, onFullTurn } = this.#options;
    if (!this.isOpen) return false;
    const cost = this.#costs.of(run);
    if (!cost.mayRun(turn.isLone && run.requests === 1)) return false;
    if (turn.hasTime(cost.typicalMs)) return true;
    onFullTurn();
    return false;
  }

  run({ job, resolve, reject }: PendingRun): void {
    const { watch, onRun, journal, turn } = this.#options;
    const session = this.#session;
    const [inputs] = job.requests;
    if (session === undefined || inputs === undefined) {
      reject(new RangeError('There is nothing to run here.'));
      return;
    }
    const size = { inputs, rows: job.rows, requests: job.requests.length };
    watch?.enter(this.#number);
    journal?.enter(this.#work.running);
    try {
      const outcome = runSession(session, job);
      watch?.leave();
      onRun(size.requests);
      turn.spend(msOf(outcome), this.note(size, msOf(outcome)).typicalMs);
      resolve(outcome);
    } catch (error) {
      watch?.leave();
      const { typicalMs } = this.#costs.of(size);
      turn.spend(typicalMs, typicalMs);
      reject(error);
    }
  }

  note(run: RunSize, ms: number): InlineCost {
    const cost = this.#costs.of(run);
    const before = cost.isCheap;
    cost.note(ms);
    if (cost.isCheap === before) return cost;
    if (cost.isCheap && this.#session === undefined) this.#opening ??= this.#open();
    if (!cost.isCheap) this.#tell(false, 'its runs have become slower than handing them to a worker');
    return cost;
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
}

/** How long a run took in all. */
export function msOf({ timing }: RunOutcome): number {
  return (timing.inputNs + timing.computeNs + timing.outputNs) / 1e6;
}

/** Whether runs happen on the calling thread, and who watches them. */
export interface InlineSessionsOptions {
  /** Undefined: nothing runs on the calling thread. */
  readonly inline?: { readonly watch: InlineWatch | undefined } | undefined;
  readonly journal?: RunJournal | undefined;
  readonly onChange: InlineOptions['onChange'];
}

/** The sessions of a pool whose cheap runs may run on the calling thread: they share its turns, and are counted together. */
export class InlineSessions {
  readonly counts = { inlineRuns: 0, inlineRequests: 0, inlineFullTurns: 0 };
  readonly #options: InlineSessionsOptions;
  readonly #turn = new Turn();
  readonly #place: JournalPlace | undefined;

  constructor(options: InlineSessionsOptions) {
    this.#options = options;
    // Runs on this thread are over whenever the journal is swept.
    this.#place = options.journal?.open(() => false);
  }

  /** Lets cheap runs of a session run here; undefined where none may. */
  open(subject: InlineSubject): InlineSession | undefined {
    const { inline, onChange } = this.#options;
    if (inline === undefined) return undefined;
    return new InlineSession(subject, {
      watch: inline.watch,
      turn: this.#turn,
      open: openInline,
      journal: this.#place,
      onChange,
      onRun: (requests) => {
        this.counts.inlineRuns += 1;
        this.counts.inlineRequests += requests;
      },
      onFullTurn: () => (this.counts.inlineFullTurns += 1),
    });
  }
}

/** Loading blocks this thread, so that only small model files are loaded on it. */
const mostBytes = 4 * 1024 * 1024;

/** Loads a session on the calling thread; the runtime with the first. Rejects for a file that is too large, or does not load. */
export async function openInline(spec: SessionSpec): Promise<EngineSession> {
  const { size } = await stat(spec.modelPath);
  if (size > mostBytes) throw new AppError('MODEL_INVALID', `its file of ${size} bytes is larger than ${mostBytes}`);
  const { ortEngine } = await import('../../engine/ort/ort.js');
  return ortEngine.createSession(spec);
}
