import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Log } from '../log/log.js';
import type { MemoryBudget, RequestMemory } from '../memory/memory-budget.js';

/** How long an answer waits to be taken, and what is said of one that is not. */
export interface Wait {
  /** 0: without end. */
  readonly limitMs: number;
  readonly log: Log;
  readonly facts: () => object;
}

/**
 * Ends the connection of an answer of which nothing was taken for `limitMs` though some waits: what it is made of would be held for as long
 * as its client likes. The clock begins anew with each piece that the system takes, and stands while nothing waits. A slow client shows in
 * pieces alone: Linux takes the next when a third of its send buffer is free, after up to 1.6 MB.
 */
export function endUntaken(raw: ServerResponse, { limitMs, log, facts }: Wait): void {
  if (limitMs === 0) return;
  raw.setTimeout(limitMs, () => {
    const { writableLength: waitingBytes } = raw;
    if (waitingBytes === 0) return;
    log.warn({ ...facts(), waitingBytes, limitMs }, 'connection closed: its client took nothing of the answer');
    raw.destroy();
  });
  // Before Node sets the limit of an idle connection, which is to stay.
  raw.prependOnceListener('finish', () => raw.socket?.setTimeout(0));
}

/** An answer with what it holds. */
interface Held extends Wait {
  readonly socket: Socket;
  readonly memory: RequestMemory;
  readonly budget: MemoryBudget;
}

/**
 * Gives back what an answer holds once it was taken or its client has gone. One that is taken a little at a time for longer than `limitMs`
 * is kept while there is memory for others, and ended when there is not: a few such clients would hold all of it for hours.
 */
export function keepUntilTaken(raw: ServerResponse, { limitMs, log, facts, socket, memory, budget }: Held): void {
  const giveWay = (): void => {
    const { writableLength: waitingBytes } = raw;
    log.warn(
      { ...facts(), waitingBytes, limitMs },
      'connection closed: its client takes the answer slowly, and others need the memory',
    );
    socket.destroy();
    memory.abandon();
  };
  const stay = limitMs === 0 ? undefined : budget.mayGiveWay(limitMs, giveWay);
  onceOver(raw, socket, () => {
    stay?.();
    memory.close();
  });
}

const waiting = new WeakMap<Socket, Set<() => void>>();

/** Calls `end` once, when an answer was taken or its connection closed: one that waits behind others on its connection does not hear of that itself. */
function onceOver(raw: ServerResponse, socket: Socket, end: () => void): void {
  const all = waiting.get(socket) ?? followClose(socket);
  const over = (): void => {
    if (all.delete(over)) end();
  };
  all.add(over);
  raw.once('close', over);
}

/** What to call when the connection closes: one listener for all. */
function followClose(socket: Socket): Set<() => void> {
  const all = new Set<() => void>();
  waiting.set(socket, all);
  socket.once('close', () => {
    for (const over of all) over();
  });
  return all;
}
