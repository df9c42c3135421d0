/** Where something waits. */
export interface Place {
  /** What is served in turn with other lines. */
  readonly line: string;
  /** Whose it is. */
  readonly request: object;
}

/**
 * What waits for a thread, and in which order it is served. Knows no threads and no time.
 * - Lines are served in turn, and in a line requests in turn: however much waits of one, the first of another is taken after one of each.
 * - A request of which something is running waits while one waits of which nothing is.
 * - What is added again, since it gave way, stands behind the others.
 */
export class FairLines<T extends Place> {
  /** Only lines and requests of which something waits, the one served longest ago first. */
  readonly #lines = new Map<string, Map<object, T[]>>();
  /** How much is running of each request of which anything is. */
  readonly #running = new Map<object, number>();
  /** The line served last, which may have been emptied since. */
  #last = '';

  add(item: T): void {
    const requests = this.#lines.get(item.line) ?? new Map<object, T[]>();
    const own = requests.get(item.request);
    if (own === undefined) requests.set(item.request, [item]);
    else own.push(item);
    this.#lines.set(item.line, requests);
  }

  /** The next one, which runs until `leave` is told of it. */
  take(): T | undefined {
    const next = this.#find(true) ?? this.#find(false);
    if (next === undefined) return undefined;
    const { line, request } = next;
    this.#remove(next);
    toBack(this.#lines, line);
    toBack(this.#lines.get(line), request);
    this.#last = line;
    this.#running.set(request, (this.#running.get(request) ?? 0) + 1);
    return next;
  }

  /** It runs no more. */
  leave({ request }: T): void {
    const left = (this.#running.get(request) ?? 0) - 1;
    if (left > 0) this.#running.set(request, left);
    else this.#running.delete(request);
  }

  /** Takes one out that waits; whether it did. */
  drop(item: T): boolean {
    return this.#remove(item);
  }

  /** Whether a request waits of which nothing is running. */
  get hasUnserved(): boolean {
    return this.#find(true) !== undefined;
  }

  /** Empties every line. */
  takeAll(): readonly T[] {
    const all = [...this.#lines.values()].flatMap((requests) => [...requests.values()].flat());
    this.#lines.clear();
    return all;
  }

  #find(isUnserved: boolean): T | undefined {
    let again: T | undefined;
    for (const [line, requests] of this.#lines) {
      const first = this.#firstOf(requests, isUnserved);
      if (line !== this.#last && first !== undefined) return first;
      again ??= first;
    }
    return again;
  }

  #firstOf(requests: ReadonlyMap<object, readonly T[]>, isUnserved: boolean): T | undefined {
    for (const [request, [first]] of requests) if (!isUnserved || !this.#running.has(request)) return first;
    return undefined;
  }

  #remove(item: T): boolean {
    const requests = this.#lines.get(item.line);
    const own = requests?.get(item.request);
    const at = own?.indexOf(item) ?? -1;
    if (own === undefined || at < 0) return false;
    own.splice(at, 1);
    if (own.length === 0) requests?.delete(item.request);
    if (requests?.size === 0) this.#lines.delete(item.line);
    return true;
  }
}

/** A map's order is that in which its keys were set. */
function toBack<K, V>(map: Map<K, V> | undefined, key: K): void {
  const value = map?.get(key);
  if (map === undefined || value === undefined) return;
  map.delete(key);
  map.set(key, value);
}
