import { closeSync, existsSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { open, readFile, type FileHandle } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { LogsQuery } from '../docker/gateway.js';
import type { OutputChunk } from '../docker/types.js';

/** A line of a server's log: when, from which stream, and the text as written, its newline included. */
export interface LogLine {
  readonly atMs: number;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** How much of a log is kept. */
export interface LogLimits {
  readonly maxBytes: number;
  /** Files in all, the current one included. */
  readonly maxFiles: number;
}

/** As much as a container keeps by default. */
const defaultLogLimits: LogLimits = { maxBytes: 10 * 1024 * 1024, maxFiles: 3 };

/** Names of the log files, newest first: `server.log`, `server.log.1`, ... */
export function logFilesOf(path: string, maxFiles: number): readonly string[] {
  return Array.from({ length: maxFiles }, (_, index) => (index === 0 ? path : `${path}.${index}`));
}

/**
 * Appends lines to a file that is put aside when it is full. Synchronous: a line is kept once `write` returns.
 * - A line that the disk does not take is lost, and the next one that it takes says how many were: a full disk ends no server.
 */
export class RotatingLog {
  #path: string;
  readonly #limits: LogLimits;
  readonly #append: typeof writeSync;
  #fd: number;
  #bytes: number;
  #lost = 0;
  #isTorn = false;

  constructor(path: string, limits: LogLimits = defaultLogLimits, append = writeSync) {
    this.#path = path;
    this.#limits = limits;
    this.#append = append;
    this.#fd = openSync(path, 'a', 0o600);
    this.#bytes = fstatSync(this.#fd).size;
  }

  write(line: LogLine): void {
    try {
      if (this.#lost > 0) {
        const text = `${this.#lost} lines of the log are lost here: they could not be written\n`;
        this.#write({ atMs: line.atMs, stream: 'stderr', text });
        this.#lost = 0;
      }
      this.#write(line);
    } catch {
      this.#lost += 1;
    }
  }

  /** Says where the file is now: its folder has another name. */
  follow(path: string): void {
    this.#path = path;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #write(line: LogLine): void {
    const bytes = Buffer.from(`${this.#isTorn ? '\n' : ''}${JSON.stringify(line)}\n`);
    if (this.#bytes > 0 && this.#bytes + bytes.length > this.#limits.maxBytes) this.#rotate();
    for (let done = 0; done < bytes.length;) {
      const written = this.#append(this.#fd, bytes, done);
      done += written;
      this.#bytes += written;
      this.#isTorn = done < bytes.length;
    }
  }

  #rotate(): void {
    const files = logFilesOf(this.#path, this.#limits.maxFiles);
    for (let index = files.length - 1; index > 0; index -= 1) {
      const [from = '', to = ''] = [files[index - 1], files[index]];
      if (existsSync(from)) renameSync(from, to);
    }
    const next = openSync(this.#path, 'w', 0o600);
    closeSync(this.#fd);
    this.#fd = next;
    this.#bytes = 0;
  }
}

const pollMs = 100;
/** The last moment that a `Date` holds. */
const latestMs = 8.64e15;

/** A server's log file, and how to learn that nothing more will come. */
export interface LogSource {
  readonly path: string;
  hasEnded(): Promise<boolean>;
}

/** Reads a native server's log as an engine answers a container's: tail, since, timestamps, follow. */
export async function* readLog(source: LogSource, query: LogsQuery = {}): AsyncGenerator<OutputChunk> {
  const { tail, sinceSeconds = 0, untilSeconds = Infinity, timestamps = false } = query;
  const isWanted = ({ atMs }: LogLine): boolean => atMs >= sinceSeconds * 1000 && atMs <= untilSeconds * 1000;
  const follower = query.follow === true ? await LogFollower.open(source.path) : undefined;
  const history = follower === undefined ? await readHistory(source.path) : await follower.readHistory();
  const wanted = history.filter(isWanted);
  for (const line of tail === undefined ? wanted : wanted.slice(Math.max(0, wanted.length - tail))) {
    yield toChunk(line, timestamps);
  }
  if (follower === undefined) return;
  try {
    for await (const line of follower.follow(source, query.signal)) if (isWanted(line)) yield toChunk(line, timestamps);
  } finally {
    await follower.close();
  }
}

function toChunk({ atMs, stream, text }: LogLine, timestamps: boolean): OutputChunk {
  const prefix = timestamps ? `${new Date(atMs).toISOString()} ` : '';
  return { stream, data: Buffer.from(prefix + text) };
}

async function readHistory(path: string): Promise<readonly LogLine[]> {
  const files = [...logFilesOf(path, defaultLogLimits.maxFiles)].reverse();
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  return parseLines(texts.join(''));
}

/** Lines that were cut short, by a full disk or a lost machine, are none. */
function parseLines(text: string): readonly LogLine[] {
  return text.split('\n').flatMap((line): readonly LogLine[] => {
    try {
      const { atMs, stream, text: said } = JSON.parse(line) as LogLine;
      const isLine = typeof said === 'string' && Math.abs(atMs) <= latestMs;
      return isLine ? [{ atMs, stream: stream === 'stdout' ? stream : 'stderr', text: said }] : [];
    } catch {
      return [];
    }
  });
}

/**
 * Reads what is added to a log.
 * - Holds the current file open and knows how far it has read, so that history and news join without a gap.
 * - When another file has taken the name, reads the old one to its end, then the new one.
 */
class LogFollower {
  readonly #path: string;
  #file: FileHandle;
  #at = 0;
  #rest = Buffer.alloc(0);

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async open(path: string): Promise<LogFollower> {
    return new LogFollower(path, await open(path, 'a+'));
  }

  async readHistory(): Promise<readonly LogLine[]> {
    const older = [...logFilesOf(this.#path, defaultLogLimits.maxFiles)].slice(1).reverse();
    const texts = await Promise.all(older.map((file) => readFile(file, 'utf8').catch(() => '')));
    return [...parseLines(texts.join('')), ...(await this.#readNews())];
  }

  async *follow(source: LogSource, signal: AbortSignal | undefined): AsyncGenerator<LogLine> {
    while (signal?.aborted !== true) {
      const ended = await source.hasEnded();
      const wasReplaced = await this.#isReplaced();
      yield* await this.#readNews();
      if (wasReplaced) await this.#reopen();
      else if (ended) return;
      else await wait(pollMs, undefined, { ...(signal === undefined ? {} : { signal }) }).catch(() => undefined);
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #isReplaced(): Promise<boolean> {
    const [held, named] = await Promise.all([this.#file.stat(), open(this.#path, 'r').catch(() => undefined)]);
    if (named === undefined) return false;
    const current = await named.stat().finally(() => named.close());
    return current.ino !== held.ino;
  }

  async #reopen(): Promise<void> {
    await this.#file.close();
    this.#file = await open(this.#path, 'r');
    this.#at = 0;
  }

  /** Whole lines since the last call. */
  async #readNews(): Promise<readonly LogLine[]> {
    const { size } = await this.#file.stat();
    if (size <= this.#at) return [];
    const { buffer, bytesRead } = await this.#file.read(Buffer.alloc(size - this.#at), 0, size - this.#at, this.#at);
    this.#at += bytesRead;
    const bytes = Buffer.concat([this.#rest, buffer.subarray(0, bytesRead)]);
    const end = bytes.lastIndexOf(10) + 1;
    this.#rest = bytes.subarray(end);
    return parseLines(bytes.subarray(0, end).toString());
  }
}
