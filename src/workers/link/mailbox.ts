import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from 'node:worker_threads';
import { messageOf } from '../../errors.js';
import type { Answer, OpenLink, Order } from './link.js';

/**
 * What a pool and one of its threads share. One order is under way at a time: the pool posts it, the thread answers it.
 * - A short text is copied into shared memory; everything else goes over the port. Either way a bell in shared memory wakes the
 *   other side: that takes a third of the time and half of the CPU of a message event.
 * - The thread sleeps in Atomics.wait while it has nothing to do; its event loop turns only while it works.
 */
export interface MailboxParts {
  readonly memory: SharedArrayBuffer;
  readonly port: MessagePort;
}

/** Places in the control words: bells count up; a length says how many bytes of text there are, or that the port has the message. */
const orderBell = 0;
const answerBell = 1;
const orderLength = 2;
const answerLength = 3;
const onPort = -1;

const controlBytes = 64;
const textBytes = 8192;

/** One direction of the mailbox. */
class Slot {
  readonly #control: Int32Array;
  readonly #text: Buffer;
  readonly #bell: number;
  readonly #length: number;

  constructor(memory: SharedArrayBuffer, direction: 'order' | 'answer') {
    const isOrder = direction === 'order';
    this.#control = new Int32Array(memory, 0, controlBytes / 4);
    this.#text = Buffer.from(memory, controlBytes + (isOrder ? 0 : textBytes), textBytes);
    this.#bell = isOrder ? orderBell : answerBell;
    this.#length = isOrder ? orderLength : answerLength;
  }

  /** Puts a message in and rings. A text has one byte a character (codes 0 to 255). */
  put(port: MessagePort, message: unknown, transfer: readonly ArrayBuffer[]): void {
    const isShort = typeof message === 'string' && message.length <= textBytes;
    if (isShort) this.#text.write(message, 'latin1');
    else port.postMessage(message, transfer);
    this.#control[this.#length] = isShort ? message.length : onPort;
    Atomics.add(this.#control, this.#bell, 1);
    Atomics.notify(this.#control, this.#bell);
  }

  take(port: MessagePort): unknown {
    const length = this.#control[this.#length] ?? onPort;
    if (length !== onPort) return this.#text.toString('latin1', 0, length);
    return (receiveMessageOnPort(port) as { message: unknown } | undefined)?.message;
  }

  /** Blocks this thread until the bell has rung more than `heard` times. */
  wait(heard: number): void {
    while (Atomics.load(this.#control, this.#bell) === heard) Atomics.wait(this.#control, this.#bell, heard);
  }

  /** Resolves when the bell has rung more than `heard` times; a late notification of a ring that was heard is not taken for another. */
  async waitAsync(heard: number): Promise<void> {
    while (Atomics.load(this.#control, this.#bell) === heard) {
      const ring = Atomics.waitAsync(this.#control, this.#bell, heard);
      if (ring.async) await ring.value;
    }
  }
}

/** The pool's end. Whatever the thread says first, and then its answer to each order, is told to `onAnswer`. */
export class PoolEnd<Order, Answer> {
  /** What the thread needs, as its workerData; the port has to be in its transfer list. */
  readonly parts: MailboxParts;
  readonly #port: MessagePort;
  readonly #orders: Slot;
  readonly #answers: Slot;
  readonly #onAnswer: (answer: Answer) => void;
  readonly #onUnreadable: (error: unknown) => void;
  #heard = 0;
  #isClosed = false;

  constructor(onAnswer: (answer: Answer) => void, onUnreadable: (error: unknown) => void) {
    const { port1, port2 } = new MessageChannel();
    this.parts = { memory: new SharedArrayBuffer(controlBytes + 2 * textBytes), port: port2 };
    this.#port = port1;
    this.#orders = new Slot(this.parts.memory, 'order');
    this.#answers = new Slot(this.parts.memory, 'answer');
    this.#onAnswer = onAnswer;
    this.#onUnreadable = onUnreadable;
    void this.#listen();
  }

  /** Sends an order; throws where it cannot be cloned. */
  send(order: Order, transfer: readonly ArrayBuffer[]): void {
    this.#orders.put(this.#port, order, transfer);
  }

  /** Hears nothing any more: the thread has ended. */
  close(): void {
    this.#isClosed = true;
    this.#port.close();
  }

  async #listen(): Promise<void> {
    for (;;) {
      await this.#answers.waitAsync(this.#heard);
      if (this.#isClosed) return;
      this.#heard = (this.#heard + 1) | 0;
      this.#tell();
    }
  }

  #tell(): void {
    let answer: Answer;
    try {
      answer = this.#answers.take(this.#port) as Answer;
    } catch (error) {
      this.#onUnreadable(error);
      return;
    }
    this.#onAnswer(answer);
  }
}

/** The thread's end. */
export class ThreadEnd<Order, Answer> {
  readonly #port: MessagePort;
  readonly #orders: Slot;
  readonly #answers: Slot;
  #heard = 0;

  constructor({ memory, port }: MailboxParts) {
    this.#port = port;
    this.#orders = new Slot(memory, 'order');
    this.#answers = new Slot(memory, 'answer');
  }

  /** The next order; this thread sleeps until there is one. */
  next(): Order {
    this.#orders.wait(this.#heard);
    this.#heard = (this.#heard + 1) | 0;
    return this.#orders.take(this.#port) as Order;
  }

  answer(answer: Answer, transfer: readonly ArrayBuffer[] = []): void {
    this.#answers.put(this.#port, answer, transfer);
  }
}

/** Opens threads of this process with the entry file given. */
export function threadLink(entry: URL): OpenLink {
  return (name, { onAnswer, onUnreadable, onEnd }) => {
    const mailbox = new PoolEnd<Order, Answer>(onAnswer, onUnreadable);
    const { parts } = mailbox;
    const thread = new Worker(entry, { name, workerData: parts, transferList: [parts.port] });
    let fault = '';
    thread.on('error', (error) => (fault = messageOf(error)));
    thread.on('exit', (code) => {
      mailbox.close();
      onEnd(fault === '' ? `exit code ${code}` : fault, 'fault');
    });
    return { send: (order, transfer) => mailbox.send(order, transfer) };
  };
}
