import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../../src/tensor/random.js';
import { Connection, type Answer } from './connection.js';
import type { LoadOrder, WindowResult } from './messages.js';
import { Window } from './window.js';

/** Runs an order: warm-up, then windows one after another; each is told as it ends. Resolves after the last with the number of all answers. */
export async function generateLoad(order: LoadOrder, onWindow: (window: WindowResult) => void): Promise<number> {
  const sender = order.arrivals.kind === 'closed' ? new ClosedLoop(order) : new PoissonLoop(order);
  sender.start();
  try {
    await sleep(order.warmupMs);
    for (let i = 0; i < order.windows; i++) onWindow(await measure(sender, order.windowMs));
    return sender.answered;
  } finally {
    sender.stop();
  }
}

async function measure(sender: Sender, windowMs: number): Promise<WindowResult> {
  const startedAt = performance.now();
  const window = new Window();
  sender.window = window;
  await sleep(windowMs);
  sender.window = new Window();
  return window.finish(performance.now() - startedAt, sender.backlog);
}

interface Sender {
  window: Window;
  readonly backlog: number;
  readonly answered: number;
  start(): void;
  stop(): void;
}

/** Requests in turn, and what is the same for both kinds of arrival. */
class Requests {
  readonly #order: LoadOrder;
  #next = 0;
  answered = 0;

  constructor(order: LoadOrder) {
    this.#order = order;
  }

  /** Sends the next request over a connection; `onEnd` gets the answer, or nothing where there was none. */
  send(connection: Connection, onEnd: (answer: Answer | undefined) => void): void {
    const request = this.#order.requests[this.#next++ % this.#order.requests.length];
    if (request === undefined) throw new RangeError('An order needs at least one request');
    connection.send(request.bytes, (outcome) => {
      const answer = 'answer' in outcome ? outcome.answer : undefined;
      if (answer !== undefined) this.answered++;
      onEnd(answer);
    });
  }
}

/** A fixed number of clients, each sending its next request when its last was answered. */
class ClosedLoop implements Sender {
  window = new Window();
  readonly backlog = 0;
  readonly #connections: readonly Connection[];
  readonly #requests: Requests;
  #running = false;

  get answered(): number {
    return this.#requests.answered;
  }

  constructor(order: LoadOrder) {
    const count = order.arrivals.kind === 'closed' ? order.arrivals.concurrency : 0;
    this.#connections = Array.from({ length: count }, () => new Connection(order));
    this.#requests = new Requests(order);
  }

  start(): void {
    this.#running = true;
    for (const connection of this.#connections) this.#loop(connection);
  }

  stop(): void {
    this.#running = false;
    for (const connection of this.#connections) connection.close();
  }

  #loop(connection: Connection): void {
    const startedAt = performance.now();
    this.#requests.send(connection, (answer) => {
      if (!this.#running) return;
      if (answer !== undefined) {
        this.#loop(connection); // before the books are kept: the server does not wait for them
        this.window.answered(answer, answer.endedAt - startedAt);
        return;
      }
      this.window.failed();
      setTimeout(() => this.#running && this.#loop(connection), 10); // a server that refuses is not hammered
    });
  }
}

/** Beside the load, the server's own thread and a worker. */
const hasSpareCpu = availableParallelism() > 3;

/** Arrivals with exponential gaps; latency counts from when a request was due, so a stalled server is not spared (no coordinated omission). */
class PoissonLoop implements Sender {
  window = new Window();
  readonly #order: LoadOrder;
  readonly #requests: Requests;
  readonly #free: Connection[] = [];
  readonly #all: Connection[] = [];
  readonly #due: number[] = [];
  readonly #random: () => number;
  #nextAt = 0;
  #running = false;

  constructor(order: LoadOrder) {
    this.#order = order;
    this.#requests = new Requests(order);
    this.#random = createRandom(order.arrivals.kind === 'poisson' ? order.arrivals.seed : 0);
  }

  get backlog(): number {
    return this.#due.length;
  }

  get answered(): number {
    return this.#requests.answered;
  }

  start(): void {
    this.#running = true;
    this.#nextAt = performance.now();
    this.#tick();
  }

  stop(): void {
    this.#running = false;
    for (const connection of this.#all) connection.close();
  }

  #tick(): void {
    if (!this.#running) return;
    this.#arrive();
    const waitMs = this.#nextAt - performance.now();
    // Timers are a millisecond coarse: near arrivals are awaited by turning the loop, where that takes no processor from the server.
    if (waitMs <= 2 && (hasSpareCpu || this.#isQuiet)) setImmediate(() => this.#tick());
    else setTimeout(() => this.#tick(), Math.max(1, waitMs - 1));
  }

  /** Whether no request is under way. */
  get #isQuiet(): boolean {
    return this.#free.length === this.#all.length;
  }

  /** Sends what is due by now. Answers do this too, so that on few processors the loop may sleep while requests are under way. */
  #arrive(): void {
    const now = performance.now();
    while (this.#nextAt <= now) {
      this.#due.push(this.#nextAt);
      this.#nextAt += this.#gapMs();
    }
    this.#sendDue();
  }

  #gapMs(): number {
    const { arrivals } = this.#order;
    return arrivals.kind === 'poisson'
      ? (-Math.log(1 - this.#random()) * 1000) / arrivals.requestsPerSecond
      : Number.POSITIVE_INFINITY;
  }

  #sendDue(): void {
    while (this.#due.length > 0) {
      const connection = this.#free.pop() ?? this.#openAnother();
      if (connection === undefined) return;
      const dueAt = this.#due.shift() ?? 0;
      this.#requests.send(connection, (answer) => {
        if (!this.#running) return;
        this.#free.push(connection);
        this.#arrive();
        if (answer === undefined) this.window.failed();
        else this.window.answered(answer, answer.endedAt - dueAt);
      });
    }
  }

  #openAnother(): Connection | undefined {
    const { arrivals } = this.#order;
    if (arrivals.kind !== 'poisson' || this.#all.length >= arrivals.maxConnections) return undefined;
    const connection = new Connection(this.#order);
    this.#all.push(connection);
    return connection;
  }
}
