/**
 * Indices by value, highest first, ties by lower index. A heap: all are put in order only as far as they are asked for, since of
 * thousands of boxes the best few are wanted.
 */
export function* bestFirst(values: ArrayLike<number>): Generator<number, void, undefined> {
  if (values.length === 0) return;
  // One alone is found without an order.
  const first = indexOfBest(values);
  yield first;
  const heap = new Uint32Array(values.length - 1);
  for (let at = 0; at < heap.length; at++) heap[at] = at < first ? at : at + 1;
  for (let at = (heap.length >> 1) - 1; at >= 0; at--) sink(heap, at, { size: heap.length, values });
  for (let size = heap.length; size > 0; size--) {
    yield heap[0] as number;
    heap[0] = heap[size - 1] as number;
    sink(heap, 0, { size: size - 1, values });
  }
}

function indexOfBest(values: ArrayLike<number>): number {
  let best = 0;
  for (let at = 1; at < values.length; at++) if ((values[at] as number) > (values[best] as number)) best = at;
  return best;
}

interface Heap {
  readonly size: number;
  readonly values: ArrayLike<number>;
}

/** Moves an entry down until both below it come after it. */
function sink(heap: Uint32Array, start: number, { size, values }: Heap): void {
  const isBefore = (a: number, b: number): boolean => {
    const [one, other] = [values[a] as number, values[b] as number];
    return one > other || (one === other && a < b);
  };
  const moved = heap[start] as number;
  let at = start;
  for (let below = 2 * at + 1; below < size; below = 2 * at + 1) {
    const right = below + 1;
    if (right < size && isBefore(heap[right] as number, heap[below] as number)) below = right;
    if (!isBefore(heap[below] as number, moved)) break;
    heap[at] = heap[below] as number;
    at = below;
  }
  if (start < size) heap[at] = moved;
}
