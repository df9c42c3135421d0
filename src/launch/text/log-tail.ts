/** A piece of what a process wrote. */
interface Piece {
  readonly data: Buffer;
}

/** The last lines that a process wrote. Keeps no more than it may answer. */
export class LogTail {
  readonly #lines: string[] = [];
  readonly #maxLines: number;
  #rest = '';

  constructor(maxLines = 40) {
    this.#maxLines = maxLines;
  }

  push({ data }: Piece): void {
    const lines = (this.#rest + data.toString('utf8')).split('\n');
    this.#rest = lines.pop() ?? '';
    this.#lines.push(...lines);
    this.#lines.splice(0, this.#lines.length - this.#maxLines);
  }

  get lines(): readonly string[] {
    return this.#rest === '' ? this.#lines : [...this.#lines, this.#rest];
  }
}

/** Reads a whole stream into its last lines. */
export async function readTail(chunks: AsyncIterable<Piece>, maxLines = 40): Promise<readonly string[]> {
  const tail = new LogTail(maxLines);
  for await (const chunk of chunks) tail.push(chunk);
  return tail.lines;
}
