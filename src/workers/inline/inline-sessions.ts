import { stat } from 'node:fs/promises';
import type { EngineSession, SessionSpec } from '../../engine/engine.js';
import { AppError } from '../../errors.js';
import type { JournalPlace, RunJournal } from '../run-journal.js';
import { Turn } from './turn.js';
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

/** Loading blocks this thread, so that only small model files are loaded on it. */
const mostBytes = 4 * 1024 * 1024;

/** Loads a session on the calling thread; the runtime with the first. Rejects for a file that is too large, or does not load. */
export async function openInline(spec: SessionSpec): Promise<EngineSession> {
  const { size } = await stat(spec.modelPath);
  if (size > mostBytes) throw new AppError('MODEL_INVALID', `its file of ${size} bytes is larger than ${mostBytes}`);
  const { ortEngine } = await import('../../engine/ort/ort.js');
  return ortEngine.createSession(spec);
}
