import type { Changed, ModelChange, Outcome, Question } from '../loop/messages.js';

/** A loop that can be asked for a change. */
export interface Asked {
  /** `HTTP loop 2 of 4`. */
  readonly name: string;
  ask(question: Question): Promise<Outcome>;
}

/** A change that one loop has not made for some time. */
export interface LateChange {
  readonly loop: string;
  readonly action: ModelChange['action'];
  readonly model: string;
  readonly waitedMs: number;
}

/** After this time a change is told of, and after that it has failed: past all clocks of a loop's own, of reading files and of loading them. */
const lateMs = { told: 60_000, failed: 90 * 60_000 };

/**
 * - Makes changes of models in every loop, and in loops that come later.
 * - Changes of one model are made one after another, in each loop too; different models change at the same time.
 */
export class Changes {
  readonly #onLate: (late: LateChange) => void;
  /** The last change of each model that every loop made. */
  readonly #made = new Map<string, ModelChange>();
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(onLate: (late: LateChange) => void) {
    this.#onLate = onLate;
  }

  /** Makes a change in all loops, the first alone: where that fails, nothing has changed. What others made is undone where one fails. */
  make(change: ModelChange, loops: () => readonly Asked[]): Promise<Outcome> {
    const before = this.#last.get(change.model);
    const done = (before ?? Promise.resolve()).then(() => this.#make(change, loops));
    this.#last.set(
      change.model,
      done.catch(() => undefined),
    );
    return done;
  }

  /** Brings a loop that was just started to what the others serve. Changes that are being made then are made in it afterwards. */
  async repeat(loop: Asked): Promise<readonly Outcome[]> {
    return Promise.all([...this.#made.values()].map((change) => this.#ask(loop, change)));
  }

  async #make(change: ModelChange, loops: () => readonly Asked[]): Promise<Outcome> {
    const [first] = loops();
    if (first === undefined)
      return { ok: false, code: 'MODEL_NOT_READY', message: 'The HTTP loops are being started.', details: {} };
    const outcome = await this.#ask(first, change);
    if (!outcome.ok) return outcome;
    const done: Asked[] = [first];
    for (let others = rest(loops(), done); others.length > 0; others = rest(loops(), done)) {
      const outcomes = await Promise.all(others.map((loop) => this.#ask(loop, change)));
      done.push(...others.filter((_, n) => outcomes[n]?.ok));
      const failed = outcomes.findIndex(({ ok }) => !ok);
      const failure = outcomes[failed];
      if (failure === undefined || failure.ok) continue;
      const undone = await this.#undo(change, (outcome.value as Changed).wasReady, done);
      return {
        ...failure,
        message: `${others[failed]?.name} could not ${change.action} '${change.model}': ${failure.message} ${undone}`,
      };
    }
    this.#made.set(change.model, change);
    return outcome;
  }

  async #undo({ model }: ModelChange, wasReady: boolean, loops: readonly Asked[]): Promise<string> {
    const before = this.#made.get(model);
    const load: ModelChange = { action: 'load', model, overrides: before?.action === 'load' ? before.overrides : {} };
    const change: ModelChange = wasReady ? load : { action: 'unload', model };
    const outcomes = await Promise.all(loops.map((loop) => this.#ask(loop, change)));
    const left = loops.filter((_, n) => outcomes[n]?.ok === false).map(({ name }) => name);
    if (left.length === 0) return 'The others serve what they served before.';
    return `It could not be undone in ${left.join(', ')}: ${change.action} the model, or start the server again.`;
  }

  /** A loop that takes too long has failed, though it may make the change yet. */
  async #ask(loop: Asked, change: ModelChange): Promise<Outcome> {
    const { action, model } = change;
    const timers: NodeJS.Timeout[] = [];
    const after = (waitedMs: number, then: () => void): void => {
      const late = (): void => {
        this.#onLate({ loop: loop.name, action, model, waitedMs });
        then();
      };
      timers.push(setTimeout(late, waitedMs).unref());
    };
    const failed = new Promise<Outcome>((resolve) => {
      after(lateMs.told, () => undefined);
      after(lateMs.failed, () => resolve(tooLate(loop, change)));
    });
    return Promise.race([loop.ask({ what: 'change', change }), failed]).finally(() => timers.forEach(clearTimeout));
  }
}

function rest(loops: readonly Asked[], done: readonly Asked[]): readonly Asked[] {
  return loops.filter((loop) => !done.includes(loop));
}

function tooLate({ name }: Asked, { action, model }: ModelChange): Outcome {
  const text = `${name} has not answered the ${action} of '${model}' within ${lateMs.failed / 60_000} min, and may make it yet: load or unload the model again when its files can be read.`;
  return { ok: false, code: 'WORKER_LOST', message: text, details: {} };
}
