import { releaseTensors } from '../../tensor/release.js';
import type { Answer, Order, ToWorker } from '../link/link.js';
import { decodeRun, encodeFailed, encodeRan } from '../run-codec.js';
import { LongRuns } from './niceness.js';
import type { SessionHost } from './session-host.js';

/** Where orders come from, one after another, and where their answers go. */
export interface OrderSource {
  next(): Order | Promise<Order>;
  answer(answer: Answer, transfer?: readonly ArrayBuffer[]): void;
}

/**
 * Answers orders one after another until told to stop; then releases every session and resolves, so that a thread ends by itself:
 * one that is ended from outside while the runtime works takes the whole process with it.
 */
export async function serveOrders(source: OrderSource, host: SessionHost, runtimeVersion: string): Promise<void> {
  const longRuns = new LongRuns();
  source.answer({ kind: 'started', runtimeVersion });
  for (;;) {
    const order = await source.next();
    const message = typeof order === 'string' ? decodeRun(order) : order;
    if (message.kind === 'stop') break;
    const answer = await host.answer(message);
    if (answer.kind === 'ran') {
      const { message: encoded, transfer } = encodeRan(answer);
      source.answer(encoded, transfer);
      longRuns.note(answer.timing.computeNs);
      if (typeof order !== 'string') releaseInputs(message);
    } else if (answer.kind === 'failed' && typeof order !== 'string') {
      const { message: encoded, transfer } = encodeFailed(answer, order);
      source.answer(encoded, transfer);
    } else source.answer(answer);
  }
  await host.releaseAll();
}

/** Inputs that moved here are of no use after their run: freed now, they do not make the collector look for them. */
function releaseInputs(order: ToWorker): void {
  if (order.kind !== 'run') return;
  releaseTensors(order.requests.flatMap((request) => request.map(([, tensor]) => tensor)));
}
