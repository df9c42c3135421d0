import { write, writeSync } from 'node:fs';

/** Most bytes that wait for a reader that is too slow; lines beyond are lost, not the server's memory. */
const mostWaiting = 8 * 2 ** 20;
const retryMs = 10;
/** That a disk is full, or a quota used up, may pass. */
const diskRetryMs = 1000;

/**
 * Lines for a file descriptor, written off the event loop.
 * - Lines that come while a write is under way go out together with the next one.
 * - A reader that left, or does not read, costs lines; it never stops or fails the writer. A full disk has those that wait once it has room.
 */
export class LineOutput {
  readonly #fd: number;
  readonly #append: typeof write;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isWriting = false;
  #isBroken = false;

  constructor(fd: number, append = write) {
    this.#fd = fd;
    this.#append = append;
  }

  /** Takes a line; it is written in the event loop's next turn, or by `flush`. */
  write(line: string): void {
    if (this.#isBroken || this.#waitingBytes > mostWaiting) return;
    const bytes = Buffer.from(line);
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#isWriting) return;
    this.#isWriting = true;
    setImmediate(() => this.#writeWaiting());
  }

  /** Writes at once what waits: for a process that is about to end. */
  flush(): void {
    if (this.#isBroken) return;
    const bytes = this.#take();
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(this.#fd, bytes, done);
    } catch {
      this.#isBroken = true;
    }
  }

  #take(): Buffer {
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    return bytes;
  }

  #writeWaiting(): void {
    if (this.#waiting.length === 0) this.#isWriting = false;
    else this.#writeRest(this.#take());
  }

  #writeRest(bytes: Buffer): void {
    this.#append(this.#fd, bytes, (error, written) => {
      if (error?.code === 'EAGAIN') setTimeout(() => this.#writeRest(bytes), retryMs);
      else if (isOfDisk(error)) this.#writeLater(bytes);
      else if (error !== null) this.#isBroken = true;
      else if (written < bytes.length) this.#writeRest(bytes.subarray(written));
      else this.#writeWaiting();
    });
  }

  /** Where the process ends before, `flush` tries it once more. */
  #writeLater(bytes: Buffer): void {
    this.#waiting.unshift(bytes);
    this.#waitingBytes += bytes.length;
    setTimeout(() => this.#writeWaiting(), diskRetryMs).unref();
  }
}

function isOfDisk(error: NodeJS.ErrnoException | null): boolean {
  return ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(error?.code ?? '');
}
