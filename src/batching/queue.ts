/** Places in line; owned by the queue. */
export interface Queued<T> {
  readonly rows: number;
  /** Order of service: lower goes first. */
  readonly rank: number;
  previous: T | undefined;
  next: T | undefined;
}

/** Requests in order of rank, then arrival: a linked list, so that any of them can leave without a search. */
export interface RequestQueue<T> {
  readonly first: T | undefined;
  readonly rows: number;
  add(request: T): void;
  remove(request: T): void;
}

/** An empty queue. Adding costs a look at the ranks in use, removing nothing that grows. */
export function createQueue<T extends Queued<T>>(): RequestQueue<T> {
  /** The last request of each rank in use, ascending by rank. */
  const lasts: T[] = [];
  let first: T | undefined;
  let rows = 0;

  const link = (request: T, after: T | undefined): void => {
    request.previous = after;
    request.next = after === undefined ? first : after.next;
    if (request.next !== undefined) request.next.previous = request;
    if (after === undefined) first = request;
    else after.next = request;
    rows += request.rows;
  };

  return {
    get first() {
      return first;
    },
    get rows() {
      return rows;
    },
    add(request) {
      const at = lasts.findLastIndex(({ rank }) => rank <= request.rank);
      const after = at < 0 ? undefined : lasts[at];
      link(request, after);
      if (after?.rank === request.rank) lasts[at] = request;
      else lasts.splice(at + 1, 0, request);
    },
    remove(request) {
      const { previous, next } = request;
      if (previous === undefined) first = next;
      else previous.next = next;
      if (next !== undefined) next.previous = previous;
      const at = lasts.indexOf(request);
      if (at !== -1) lasts.splice(at, 1, ...(previous?.rank === request.rank ? [previous] : []));
      request.previous = request.next = undefined;
      rows -= request.rows;
    },
  };
}
