import { releaseMemory } from '../tensor/release.js';
import type { FromWorker, ToWorker } from './messages.js';
import { ThreadEnd, type MailboxParts } from './mailbox.js';
import { decodeRun, encodeFailed, encodeRan } from './run-codec.js';
import type { SessionHost } from './session-host.js';

/**
 * Answers orders one after another until told to stop; then releases every session and resolves, so that the thread ends by itself:
 * one that is ended from outside while the runtime works takes the whole process with it.
 */
export async function serveOrders(parts: MailboxParts, host: SessionHost, runtimeVersion: string): Promise<void> {
  const mailbox = new ThreadEnd<string | ToWorker, string | FromWorker>(parts);
  mailbox.answer({ kind: 'started', runtimeVersion });
  for (;;) {
    const order = mailbox.next();
    const message = typeof order === 'string' ? decodeRun(order) : order;
    if (message.kind === 'stop') break;
    const answer = await host.answer(message);
    if (answer.kind === 'ran') {
      const { message: encoded, transfer } = encodeRan(answer);
      mailbox.answer(encoded, transfer);
      if (typeof order !== 'string') releaseInputs(message);
    } else if (answer.kind === 'failed' && typeof order !== 'string') {
      const { message: encoded, transfer } = encodeFailed(answer, order);
      mailbox.answer(encoded, transfer);
    } else mailbox.answer(answer);
  }
  await host.releaseAll();
}

/** Inputs that moved here are of no use after their run: freed now, they do not make the collector look for them. */
function releaseInputs(order: ToWorker): void {
  if (order.kind !== 'run') return;
  const tensors = order.requests.flatMap((request) => request.map(([, tensor]) => tensor));
  releaseMemory(tensors.flatMap((tensor) => (tensor.datatype === 'BYTES' ? [] : [tensor.data.buffer])));
}
