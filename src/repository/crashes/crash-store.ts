import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolders } from '../../private-folder.js';
import { readRegularFileSync } from '../../regular-file.js';

/**
 * What is known of a model with which a process ended.
 * - `suspect`: it was running, with others perhaps, or its own process was killed while it was loaded, perhaps for lack of memory.
 * - `proven`: a process that held nothing else ended with it.
 * - `quarantined`: that happened while it was loaded or warmed up. `cleared`: it served for long without a fault.
 */
export type CrashState = 'suspect' | 'proven' | 'quarantined' | 'cleared';

/** What is remembered of a model that was in a crash. */
export interface CrashRecord {
  /** Name and version. */
  readonly model: string;
  /** Stands for the path of the model's file. */
  readonly place: string;
  /** Stands for size, times and identity of its files, and its settings. */
  readonly print: string;
  /** Stands for the bytes of its files, and its settings; undefined until it is looked at after the crash. */
  readonly content?: string;
  readonly state: CrashState;
  /** Ends of the server's process. */
  readonly crashes: number;
  /** Ends of its own processes since. */
  readonly faults: number;
  /** Those among them while it was loaded, by a kill or for lack of memory. */
  readonly kills?: number;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** The records as they are on disk; none where the file is missing or damaged. */
export function readRecords(path: string): readonly CrashRecord[] {
  try {
    const records: unknown = JSON.parse(String(readRegularFileSync(path)));
    return Array.isArray(records) ? records.filter(isRecord) : [];
  } catch {
    return [];
  }
}

/** Replaces the file whole, and waits until the disk has it: it must outlive whatever happens next. Throws the system's error, and leaves no half of it. */
export function writeRecords(path: string, records: readonly CrashRecord[]): void {
  makeFolders(dirname(path));
  const draft = `${path}.${process.pid}`;
  try {
    writeThrough(draft, `${JSON.stringify(records, undefined, 2)}\n`);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

function writeThrough(path: string, text: string): void {
  const file = openSync(path, 'w', 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function isRecord(value: unknown): value is CrashRecord {
  const { model, place, print, reason, state, crashes, faults } = (value ?? {}) as Partial<
    Record<keyof CrashRecord, unknown>
  >;
  const isText = [model, place, print, reason].every((text) => typeof text === 'string');
  const isState = typeof state === 'string' && ['suspect', 'proven', 'quarantined', 'cleared'].includes(state);
  return isText && isState && typeof crashes === 'number' && typeof faults === 'number';
}
