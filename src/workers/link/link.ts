import type { FromWorker, ToWorker } from './messages.js';

/** An order or an answer as it crosses; a string is the packet of a run. */
export type Order = string | ToWorker;
/** What comes back; a string is the packet of a run. */
export type Answer = string | FromWorker;

/** The way to a thread or a process that carries out orders, which starts when the link is opened. */
export interface Link {
  /** Sends an order; throws where it cannot be sent. Buffers in `transfer` are the sender's no more. */
  send(order: Order, transfer: readonly ArrayBuffer[]): void;
  /** Ends the other side at once, whatever it does. Undefined for a thread: that would end this process too. */
  readonly kill?: () => void;
  /** Of a process that was started. */
  readonly pid?: number | undefined;
}

/**
 * What ended the other side: something that it did (`fault`), that it had no memory left for what it made, a kill that nobody here asked for
 * (`killed`, perhaps for lack of memory), or a request to stop from outside (`asked`).
 */
export type EndCause = 'fault' | 'memory' | 'killed' | 'asked';

/** What a link reports. */
export interface LinkEvents {
  readonly onAnswer: (answer: Answer) => void;
  readonly onUnreadable: (error: unknown) => void;
  /** The other side has ended, for the reason given; nothing comes afterwards. */
  readonly onEnd: (reason: string, cause: EndCause) => void;
}

/** Starts a worker, and answers the link to it. */
export type OpenLink = (name: string, events: LinkEvents) => Link;
