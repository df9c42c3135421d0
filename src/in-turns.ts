/** How much may be held at once, by what each item holds while it is worked on. */
export interface Turns<T> {
  readonly most: number;
  readonly sizeOf: (item: T) => number;
  /** Asked before each item but the first: whether it is not begun any more, nor are those after it. */
  readonly isOver?: () => boolean;
}

/**
 * The results of `work` on items, in their order. It is begun as long as what is being worked on holds no more than `most`; an item that
 * holds more by itself has its turn alone. After a failure no more is begun. Fewer results than items: it was over before.
 */
export async function inTurns<T, R>(
  items: readonly T[],
  { most, sizeOf, isOver }: Turns<T>,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: Promise<R>[] = [];
  const running = new Set<Promise<R>>();
  let held = 0;
  for (const [index, item] of items.entries()) {
    const size = sizeOf(item);
    while (running.size > 0 && held + size > most) await Promise.race(running);
    if (index > 0 && isOver?.() === true) break;
    held += size;
    const result = work(item, index);
    results.push(result);
    running.add(result);
    const leave = (): void => {
      held -= size;
      running.delete(result);
    };
    result.then(leave, leave);
  }
  return Promise.all(results);
}
