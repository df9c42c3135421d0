import type { FromWorker, ToWorker } from './messages.js';

/** An order or an answer as it crosses; a string is the packet of a run. */
export type Order = string | ToWorker;
export type Answer = string | FromWorker;

/** The way to a thread or a process that carries out orders, which starts when the link is opened. */
export interface Link {
  /** Sends an order; throws where it cannot be sent. Buffers in `transfer` are the sender's no more. */
  send(order: Order, transfer: readonly ArrayBuffer[]): void;
  /** Ends the other side at once, whatever it does. Undefined for a thread: that would end this process too. */
  readonly kill?: () => void;
}

export interface LinkEvents {
  readonly onAnswer: (answer: Answer) => void;
  readonly onUnreadable: (error: unknown) => void;
  /** The other side has ended, for the reason given; nothing comes afterwards. `isOutOfMemory`: since it had no memory left for what it made. */
  readonly onEnd: (reason: string, isOutOfMemory?: boolean) => void;
}

export type OpenLink = (name: string, events: LinkEvents) => Link;
