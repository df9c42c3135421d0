import type { Changed, ModelChange, Outcome, Question } from '../loop/messages.js';

/** A loop that can be asked for a change. */
export interface Asked {
  /** `HTTP loop 2 of 4`. */
  readonly name: string;
  ask(question: Question): Promise<Outcome>;
}

/** Makes changes of models in every loop, one at a time, and in loops that come later. */
export class Changes {
  /** The last change of each model that every loop made. */
  readonly #made = new Map<string, ModelChange>();
  #last: Promise<unknown> = Promise.resolve();

  /** Runs when every change before it is done. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Makes a change in all loops, the first alone: where that fails, nothing has changed. What others made is undone where one fails. */
  make(change: ModelChange, loops: () => readonly Asked[]): Promise<Outcome> {
    return this.inTurn(async () => {
      const [first, ...others] = loops();
      const outcome = await first?.ask({ what: 'change', change });
      if (first === undefined || outcome === undefined)
        return { ok: false, code: 'MODEL_NOT_READY', message: 'The HTTP loops are being started.', details: {} };
      if (!outcome.ok) return outcome;
      const outcomes = await Promise.all(others.map((loop) => loop.ask({ what: 'change', change })));
      const failed = outcomes.findIndex(({ ok }) => !ok);
      const failure = outcomes[failed];
      if (failure === undefined || failure.ok) {
        this.#made.set(change.model, change);
        return outcome;
      }
      const done = [first, ...others.filter((_, n) => outcomes[n]?.ok)];
      const undone = await this.#undo(change, (outcome.value as Changed).wasReady, done);
      return {
        ...failure,
        message: `${others[failed]?.name} could not ${change.action} '${change.model}': ${failure.message} ${undone}`,
      };
    });
  }

  /** Brings a loop that was just started to what the others serve. */
  async repeat(loop: Asked): Promise<readonly Outcome[]> {
    return Promise.all([...this.#made.values()].map((change) => loop.ask({ what: 'change', change })));
  }

  async #undo({ model }: ModelChange, wasReady: boolean, loops: readonly Asked[]): Promise<string> {
    const before = this.#made.get(model);
    const load: ModelChange = { action: 'load', model, overrides: before?.action === 'load' ? before.overrides : {} };
    const change: ModelChange = wasReady ? load : { action: 'unload', model };
    const outcomes = await Promise.all(loops.map((loop) => loop.ask({ what: 'change', change })));
    const left = loops.filter((_, n) => outcomes[n]?.ok === false).map(({ name }) => name);
    if (left.length === 0) return 'The others serve what they served before.';
    return `It could not be undone in ${left.join(', ')}: ${change.action} the model, or start the server again.`;
  }
}
