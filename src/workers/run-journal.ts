import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolders } from '../private-folder.js';

/** What a place does with a session. */
export type RunPhase = 'loading' | 'warming' | 'running';

/** One phase of one session, as the journal has it. There is one object of each, so that equal ones are the same. */
export interface Work {
  readonly session: number;
  readonly phase: RunPhase;
  readonly record: Buffer;
}

/** Bytes of a record: the header's, then one a place. */
const recordBytes = 512;

const blank = toRecord('');

/** The phases of a session; the subject says which model it is, to whoever reads the journal. */
export function describeWork(session: number, subject: string): Readonly<Record<RunPhase, Work>> {
  const work = (phase: RunPhase): Work => ({ session, phase, record: toRecord(`${phase} ${subject}`) });
  return { loading: work('loading'), warming: work('warming'), running: work('running') };
}

/** A line of a fixed length, so that one write replaces it whole. */
function toRecord(text: string): Buffer {
  const record = Buffer.alloc(recordBytes, ' ');
  record.write(text, 0, recordBytes - 1);
  record[recordBytes - 1] = 0x0a;
  return record;
}

/**
 * A file that says what each place of this process runs, for whoever looks into its end: the system keeps what was written when
 * the process is gone.
 * - Written only where a place turns to other work than it did last, and blanked when it has rested for a while.
 * - Removed in an orderly end: a file that is left is that of a crash.
 * - Where it cannot be written any more it is given up: serving does not depend on it.
 */
export class RunJournal {
  readonly path: string;
  readonly #fd: number;
  readonly #onFailure: (error: unknown) => void;
  readonly #places: JournalPlace[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  /** Makes the file, with the header as its first line, for this user alone. */
  constructor(
    path: string,
    { header, onFailure }: { readonly header: string; readonly onFailure: (error: unknown) => void },
  ) {
    this.path = path;
    this.#onFailure = onFailure;
    makeFolders(dirname(path));
    this.#fd = openSync(path, 'wx', 0o600);
    this.#write(0, toRecord(header));
  }

  /** A place that does one thing at a time; `isBusy` tells whether it does now. */
  open(isBusy: () => boolean): JournalPlace {
    const index = this.#places.length + 1;
    const place = new JournalPlace({ isBusy, write: (record) => this.#write(index, record) });
    this.#places.push(place);
    return place;
  }

  /** Blanks what has rested since the last call. */
  sweep(): void {
    for (const place of this.#places) place.sweep();
  }

  /** Sweeps until the journal is removed: what ran within twice that time is suspected of an end. */
  sweepEvery(ms: number): void {
    this.#timer ??= setInterval(() => this.sweep(), ms).unref();
  }

  /** Nothing that was running is to be suspected of this process's end. */
  remove(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#timer);
    closeSync(this.#fd);
    rmSync(this.path, { force: true });
  }

  #write(index: number, record: Buffer): void {
    if (this.#isOver) return;
    try {
      writeSync(this.#fd, record, 0, recordBytes, index * recordBytes);
    } catch (error) {
      this.remove();
      this.#onFailure(error);
    }
  }
}

/** One place's record. */
export class JournalPlace {
  readonly #isBusy: () => boolean;
  readonly #write: (record: Buffer) => void;
  #written: Work | undefined;
  #isFresh = false;

  constructor({ isBusy, write }: { readonly isBusy: () => boolean; readonly write: (record: Buffer) => void }) {
    this.#isBusy = isBusy;
    this.#write = write;
  }

  /** The place is about to do this. */
  enter(work: Work): void {
    this.#isFresh = true;
    if (work === this.#written) return;
    this.#written = work;
    this.#write(work.record);
  }

  /** It is done, and sound: what happens seldom is blanked at once. */
  leave(): void {
    this.#written = undefined;
    this.#write(blank);
  }

  sweep(): void {
    const hasRested = !this.#isFresh && !this.#isBusy();
    this.#isFresh = false;
    if (!hasRested || this.#written === undefined) return;
    this.leave();
  }
}
