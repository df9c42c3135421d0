import type { JournalPlace, RunJournal } from '../run-journal.js';
import { Turn } from './turn.js';
import { openInline } from './inline-engine.js';
import { InlineSession, type InlineOptions, type InlineSubject, type InlineWatch } from './inline-session.js';

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
