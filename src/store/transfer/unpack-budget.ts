import { statfs } from 'node:fs/promises';
import { AppError } from '../../errors.js';

/** What an archive may become. */
export interface UnpackLimits {
  readonly entries: number;
  readonly bytes: number;
}

/** Files, folders and links of an archive: a folder of models has few. */
const mostEntries = 100_000;

/** Stays free on the disk: others write there too. */
const spareBytes = 256 * 2 ** 20;

/** Longest run of bytes between two entries: headers, and records that say more of the next entry, which are held in memory. */
const mostBetweenBytes = 4 * 2 ** 20;

/** What archives may become in a folder: as much as its disk has left. */
export async function limitsOf(folder: string): Promise<UnpackLimits> {
  const { bavail, bsize } = await statfs(folder);
  return { entries: mostEntries, bytes: Math.max(0, bavail * bsize - spareBytes) };
}

/** Counts what an archive becomes before it is written: a small one may unfold to any size. Throws MODEL_INVALID beyond the limits. */
export class UnpackBudget {
  readonly #limits: UnpackLimits;
  readonly #shown: string;
  #entries = 0;
  #bytes = 0;
  #between = 0;
  #isInside = false;

  constructor(limits: UnpackLimits, shown: string) {
    this.#limits = limits;
    this.#shown = shown;
  }

  /** An entry begins. */
  enter(): void {
    this.#isInside = true;
    this.#entries += 1;
    if (this.#entries > this.#limits.entries)
      throw this.#refuse(`more than ${this.#limits.entries} files, folders and links`);
  }

  /** The entry is over. */
  leave(): void {
    this.#isInside = false;
    this.#between = 0;
  }

  /** So many bytes are about to be written. */
  spend(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#limits.bytes)
      throw this.#refuse(`more than ${this.#limits.bytes} bytes, which is what the disk has left for it`);
  }

  /** The archive's bytes as they come, as long as entries come with them. */
  async *watch(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      if (!this.#isInside) this.#between += chunk.length;
      if (this.#between > mostBetweenBytes) throw this.#refuse(`${mostBetweenBytes} bytes without a file among them`);
      yield chunk;
    }
  }

  #refuse(what: string): AppError {
    return new AppError('MODEL_INVALID', `The archive ${this.#shown} holds ${what}: refused, and not read on.`);
  }
}
