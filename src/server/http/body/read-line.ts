import type { Socket } from 'node:net';
import { loopTurns } from '../../../batching/admission/loop-turns.js';

/** Connections read again in a turn of the event loop: so many, or this share of those that wait. */
const leastATurn = 8;
const shareATurn = 1 / 32;
/** Nobody waits longer, nor than half of what an idle connection may: Node would close it then, with a request of its client unread. */
const longestMs = 10_000;
/** Nobody waits in the line while turns are shorter than this: it costs a connection a third of what its refusal does. */
const shortTurnMs = 5;

/** What net has of a connection in the system. */
interface Handle {
  readonly reading: boolean;
  readStop(): void;
  readStart(): void;
}

/** How turns of the event loop are told. */
export interface LineTurns {
  /** Calls back once, in the next turn. */
  readonly onTurn: (callback: () => void) => void;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  /** How long the present turn has taken, or the one before it where that was longer. */
  readonly lagMs: () => number;
}

const loop: LineTurns = { onTurn: setImmediate, clock: () => performance.now(), lagMs: () => loopTurns.lagMs };

/**
 * Connections that sent what was refused wait here to be read on, a few each turn of the event loop: what they send next, or have left
 * of a body, takes its turn behind bodies that were accepted, answers, and everyone else's requests. The system holds what they send
 * meanwhile, so that it is they who are slowed down.
 * - A share of all who wait is read each turn: the last of 1,000 in the 74th, of 4,000 in the 117th.
 * - The event loop accepts one connection a turn. While some come, turns are kept short, or those behind wait for all of them: one is read
 *   in each.
 * - Who has waited for 10 s is read whatever the share.
 */
export class ReadLine {
  readonly #turns: LineTurns;
  readonly #longestMs: number;
  readonly #heldSinceMs = new Map<Socket, number>();
  /** How long those were held that are read in this turn. */
  readonly #readNow = new Map<Socket, number>();
  #isTurnAwaited = false;
  #hasArrivals = false;

  /** `keepAliveMs`: how long an idle connection is kept; 0: without end. */
  constructor(keepAliveMs: number, turns: LineTurns = loop) {
    this.#turns = turns;
    this.#longestMs = keepAliveMs === 0 ? longestMs : Math.min(longestMs, keepAliveMs / 2);
  }

  /** A connection was accepted: there may be more. */
  arrive(): void {
    this.#hasArrivals = true;
  }

  /** Reads nothing from a connection until it is its turn, where turns are long. */
  hold(socket: Socket): void {
    if (this.#turns.lagMs() < shortTurnMs) return;
    const handle = handleOf(socket);
    if (handle?.reading !== true || this.#heldSinceMs.has(socket)) return;
    // `reading` stays true, so that Node does not begin again by itself.
    handle.readStop();
    this.#heldSinceMs.set(socket, this.#turns.clock());
    this.#awaitTurn();
  }

  /** How long, at most, a request that is read now has waited for the turn of its connection, in milliseconds. */
  waitedMs(socket: Socket): number {
    return this.#readNow.get(socket) ?? 0;
  }

  #awaitTurn(): void {
    if (this.#isTurnAwaited) return;
    this.#isTurnAwaited = true;
    this.#turns.onTurn(this.#takeTurn);
  }

  readonly #takeTurn = (): void => {
    this.#isTurnAwaited = false;
    this.#readNow.clear();
    const nowMs = this.#turns.clock();
    const most = this.#hasArrivals ? 1 : Math.max(leastATurn, Math.ceil(this.#heldSinceMs.size * shareATurn));
    this.#hasArrivals = false;
    for (const [socket, sinceMs] of this.#heldSinceMs) {
      if (this.#readNow.size >= most && nowMs - sinceMs < this.#longestMs) break;
      this.#heldSinceMs.delete(socket);
      this.#readNow.set(socket, nowMs - sinceMs);
      const handle = handleOf(socket);
      if (handle?.reading === true) handle.readStart();
    }
    if (this.#readNow.size > 0) this.#awaitTurn();
  };
}

function handleOf(socket: Socket): Handle | undefined {
  const { _handle: handle } = socket as { readonly _handle?: Handle | null };
  return handle ?? undefined;
}
