import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ModelJson } from '../../model/config-schema.js';
import type { RunPhase } from '../../workers/run-journal.js';
import type { ProcessFault } from '../../workers/runner.js';
import { takeCrashes } from './crash-journals.js';
import { readRecords, writeRecords, type CrashRecord } from './crash-store.js';
import { hashFiles, type Watch } from '../files/fingerprint.js';

/** A record has changed, or is gone. */
export interface CrashChange {
  readonly kind: 'suspected' | 'proven' | 'quarantined' | 'cleared' | 'released' | 'changed' | 'forgotten';
  readonly record: CrashRecord;
}

/** Where crashes are recorded, and who learns of changes. */
export interface CrashRecordsOptions {
  readonly folder: string;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly onChange: (change: CrashChange) => void;
  /** The records cannot be written: they hold until this process ends. */
  readonly onFailure: (error: unknown) => void;
  /** How a process ended that was the last to be supervised, as `pid:SIGNAL`. */
  readonly ended?: string;
}

/** A version of a model with the files and settings that it is about to be loaded from. */
export interface CrashSubject {
  readonly model: string;
  readonly path: string;
  readonly watch: Watch;
  readonly json: ModelJson;
}

/** Kills of a model's own processes, while it loads or warms up, with which it is quarantined: memory may have been short for another reason, once. */
const mostKills = 2;

/** The line by which a journal names the model: what a crash is to be laid to. */
export function subjectLine(subject: CrashSubject): string {
  return `${placeOf(subject.path)} ${printOf(subject)} ${subject.model}`;
}

/**
 * Which models the server's process ended with, kept across starts in one small file.
 * - Where it cannot be written, on a full disk for one, this process goes on and remembers what it would hold.
 */
export class CrashRecords {
  readonly #options: CrashRecordsOptions;
  readonly #path: string;
  #unwritten: readonly CrashRecord[] | undefined;

  constructor(options: CrashRecordsOptions) {
    this.#options = options;
    this.#path = join(options.folder, 'crashes.json');
  }

  list(): readonly CrashRecord[] {
    return this.#unwritten ?? readRecords(this.#path);
  }

  /** Lays the ends of processes that left a journal to the models that these name. */
  takeCrashes(): void {
    const [, endedPid, signal] = /^(\d+):(SIG\w+)$/.exec(this.#options.ended ?? '') ?? [];
    for (const { pid, runs } of takeCrashes(this.#options.folder)) {
      const how = String(pid) === endedPid && signal !== undefined ? `ended with ${signal}` : 'ended without a message';
      for (const run of runs) this.#suspect(run, how);
    }
  }

  #suspect({ phase, subject }: { readonly phase: RunPhase; readonly subject: string }, how: string): void {
    const [, place, print, model] = /^(\S+) (\S+) (.+)$/.exec(subject) ?? [];
    if (place === undefined || print === undefined || model === undefined) return;
    const atMs = this.#options.clock();
    const before = this.list().find((record) => isOf(record, { model, place }) && record.print === print);
    const reason = `the server's process ${how} while this model was ${phase} (${new Date(atMs).toISOString()})`;
    const known = before?.state === 'quarantined' || before?.state === 'proven' ? before.state : 'suspect';
    const record: CrashRecord = {
      faults: 0,
      ...before,
      model,
      place,
      print,
      state: known,
      crashes: (before?.crashes ?? 0) + 1,
      reason,
      atMs,
    };
    this.#put(record, 'suspected');
  }

  /** What is known of a version; nothing where its files or settings have changed since: then the record goes. */
  async find(subject: CrashSubject): Promise<CrashRecord | undefined> {
    const place = placeOf(subject.path);
    const known = this.list().find((record) => isOf(record, { model: subject.model, place }));
    if (known === undefined) return undefined;
    const print = printOf(subject);
    if (known.print === print && known.content !== undefined) return shown(known);
    const content = digest([await hashFiles(subject.watch.paths).catch(() => []), subject.json]);
    if (known.print !== print && known.content !== content) {
      this.#drop(known, 'changed');
      return undefined;
    }
    const record = { ...known, print, content };
    this.#save([...this.#others(record), record]);
    return shown(record);
  }

  /**
   * A process that held nothing but the model ended with it; answers what the model is from now on. What loads and warms up has had its chance;
   * a run is one request's, and the next may be another's.
   */
  addFault(subject: CrashSubject, { reason, phase, cause }: ProcessFault): CrashRecord {
    const before = this.#current(newRecord(subject));
    if (before.state === 'quarantined') return before;
    const isKill = phase !== 'running' && (cause === 'killed' || cause === 'memory');
    const kills = (before.kills ?? 0) + (isKill ? 1 : 0);
    const isOver = isKill ? kills >= mostKills : phase !== 'running';
    const state = isOver ? 'quarantined' : isKill && before.state !== 'proven' ? 'suspect' : 'proven';
    const record: CrashRecord = {
      ...before,
      faults: before.faults + 1,
      kills,
      state,
      reason: `${reason} (while it was ${phase})`,
      atMs: this.#options.clock(),
    };
    this.#put(record, state === 'suspect' ? 'suspected' : state);
    return record;
  }

  /** An operator asks for the model: it may be loaded again, in a process of its own. */
  release(model: string, path: string): void {
    const place = placeOf(path);
    const known = this.list().find((record) => isOf(record, { model, place }));
    if (known?.state === 'quarantined') this.#put({ ...known, state: 'proven', faults: 0, kills: 0 }, 'released');
  }

  /** It has served for long without a fault: at its next loading it is like any other, once. */
  clear(known: CrashRecord): void {
    const { state, crashes } = this.#current(known);
    if (state === 'suspect' && crashes <= 1) this.#put({ ...this.#current(known), state: 'cleared' }, 'cleared');
  }

  /** Forgets everything. */
  forget(): void {
    for (const record of this.list()) this.#drop(record, 'forgotten');
  }

  #current(known: CrashRecord): CrashRecord {
    return this.list().find((record) => isOf(record, known)) ?? known;
  }

  #others(known: CrashRecord): readonly CrashRecord[] {
    return this.list().filter((record) => !isOf(record, known));
  }

  #put(record: CrashRecord, kind: CrashChange['kind']): void {
    this.#save([...this.#others(record), record]);
    this.#options.onChange({ kind, record });
  }

  #drop(record: CrashRecord, kind: CrashChange['kind']): void {
    this.#save(this.#others(record));
    this.#options.onChange({ kind, record });
  }

  #save(records: readonly CrashRecord[]): void {
    try {
      writeRecords(this.#path, records);
      this.#unwritten = undefined;
    } catch (error) {
      this.#unwritten = records;
      this.#options.onFailure(error);
    }
  }
}

/** Of a model that nothing is known against. */
function newRecord(subject: CrashSubject): CrashRecord {
  const { model, path } = subject;
  return {
    model,
    place: placeOf(path),
    print: printOf(subject),
    state: 'cleared',
    crashes: 0,
    faults: 0,
    reason: '',
    atMs: 0,
  };
}

function shown(record: CrashRecord): CrashRecord | undefined {
  return record.state === 'cleared' ? undefined : record;
}

function isOf(record: CrashRecord, { model, place }: Pick<CrashRecord, 'model' | 'place'>): boolean {
  return record.model === model && record.place === place;
}

function placeOf(path: string): string {
  return digest(path).slice(0, 12);
}

function printOf({ watch, json }: CrashSubject): string {
  return digest([watch.fingerprint, json]).slice(0, 24);
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
