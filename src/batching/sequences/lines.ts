import type { Place } from './types.js';

interface Line {
  last: Promise<boolean>;
  places: number;
}

/** The requests of each sequence one behind the other. */
export class Lines {
  readonly #lines = new Map<string, Line>();

  /** Whether requests of a sequence run or wait. */
  isBusy(id: string): boolean {
    return this.#lines.has(id);
  }

  reserve(id: string): Place {
    const line = this.#lines.get(id) ?? { last: Promise.resolve(true), places: 0 };
    const before = line.last;
    let tell: (isSuccess: boolean) => void = () => undefined;
    line.last = new Promise((resolve) => (tell = resolve));
    line.places += 1;
    this.#lines.set(id, line);
    let isOver = false;
    const leave = (isSuccess: boolean): void => {
      if (isOver) return;
      isOver = true;
      line.places -= 1;
      if (line.places === 0) this.#lines.delete(id);
      tell(isSuccess);
    };
    return { before, leave };
  }
}
