import { endWithParent } from '../../engine/end-with-parent.js';
import { disableTelemetry } from '../../engine/telemetry.js';
import { releaseTensors } from '../../tensor/release.js';
import type { Answer, Order } from '../link/link.js';
import { standBehind } from './niceness.js';
import { serveOrders } from './serve-orders.js';

/** Of the outputs of one run: Node.js cannot read 2 GiB of its channel at once, and ends. */
const mostAnswerBytes = 2 ** 30;

/** The orders that come over the process's channel; the channel's end is the last one. */
class ChannelEnd {
  readonly #waiting: Order[] = [];
  #wake: (() => void) | undefined;

  constructor() {
    process.on('message', (order) => this.#take(order as Order));
    process.on('disconnect', () => this.#take({ kind: 'stop' }));
  }

  async next(): Promise<Order> {
    while (this.#waiting.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#waiting.shift() as Order;
  }

  /** Inputs were copied here, so that those of a failed run need not go back. */
  answer(answer: Answer): void {
    const isFailure = typeof answer !== 'string' && answer.kind === 'failed';
    process.send?.(isFailure ? { kind: 'failed', error: answer.error } : answer);
    // They are copied by now.
    if (typeof answer !== 'string' && answer.kind === 'ran') releaseTensors(answer.outputs.map(([, tensor]) => tensor));
  }

  #take(order: Order): void {
    this.#waiting.push(order);
    this.#wake?.();
  }
}

/**
 * Entry of a worker process: what it loads and runs can end nothing but itself. Its arguments are the server's process, its own name
 * and its niceness.
 */
async function main(parent: number, name: string, niceness: number): Promise<void> {
  endWithParent(parent);
  standBehind(niceness);
  process.title = `slipway ${name}`;
  disableTelemetry(process.env);
  const channel = new ChannelEnd();
  const [{ ortEngine }, { SessionHost }] = await Promise.all([
    import('../../engine/ort/ort.js'),
    import('./session-host.js'),
  ]);
  await serveOrders(channel, new SessionHost(ortEngine, mostAnswerBytes), ortEngine.version);
  process.exit(0);
}

const [, , parent = '', name = '', niceness = ''] = process.argv;
await main(Number(parent), name, Number(niceness));
