import { closeSync, existsSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

/** A line of a server's log: when, from which stream, and the text as written, its newline included. */
export interface LogLine {
  readonly atMs: number;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

export interface LogLimits {
  readonly maxBytes: number;
  /** Files in all, the current one included. */
  readonly maxFiles: number;
}

/** As much as a container keeps by default. */
export const defaultLogLimits: LogLimits = { maxBytes: 10 * 1024 * 1024, maxFiles: 3 };

/** Names of the log files, newest first: `server.log`, `server.log.1`, ... */
export function logFilesOf(path: string, maxFiles: number): readonly string[] {
  return Array.from({ length: maxFiles }, (_, index) => (index === 0 ? path : `${path}.${index}`));
}

/** Appends lines to a file that is put aside when it is full. Synchronous: a line is kept once `write` returns. */
export class RotatingLog {
  readonly #path: string;
  readonly #limits: LogLimits;
  #fd: number;
  #bytes: number;

  constructor(path: string, limits: LogLimits = defaultLogLimits) {
    this.#path = path;
    this.#limits = limits;
    this.#fd = openSync(path, 'a', 0o600);
    this.#bytes = fstatSync(this.#fd).size;
  }

  write(line: LogLine): void {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    if (this.#bytes > 0 && this.#bytes + bytes.length > this.#limits.maxBytes) this.#rotate();
    writeSync(this.#fd, bytes);
    this.#bytes += bytes.length;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #rotate(): void {
    closeSync(this.#fd);
    const files = logFilesOf(this.#path, this.#limits.maxFiles);
    for (let index = files.length - 1; index > 0; index -= 1) {
      const [from = '', to = ''] = [files[index - 1], files[index]];
      if (existsSync(from)) renameSync(from, to);
    }
    this.#fd = openSync(this.#path, 'w', 0o600);
    this.#bytes = 0;
  }
}
