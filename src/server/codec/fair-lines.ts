/**
 * What waits, in lines that are served in turn, each in the order in which it came: however long one line is, the first of another is
 * taken after one of each.
 */
export class FairLines<T> {
  /** Only lines in which something waits, the one served longest ago first. */
  readonly #lines = new Map<string, T[]>();
  /** The line served last, which may have been emptied since. */
  #last = '';

  add(line: string, waiting: T): void {
    const others = this.#lines.get(line);
    if (others === undefined) this.#lines.set(line, [waiting]);
    else others.push(waiting);
  }

  take(): T | undefined {
    for (const [line, waiting] of this.#lines) {
      if (line === this.#last && this.#lines.size > 1) continue;
      this.#last = line;
      const first = waiting.shift();
      this.#lines.delete(line);
      if (waiting.length > 0) this.#lines.set(line, waiting);
      return first;
    }
    return undefined;
  }

  /** Empties every line. */
  takeAll(): readonly T[] {
    const all = [...this.#lines.values()].flat();
    this.#lines.clear();
    return all;
  }
}
