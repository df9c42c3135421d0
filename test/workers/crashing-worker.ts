import { workerData } from 'node:worker_threads';
import { ortEngine } from '../../src/engine/ort/ort.js';
import type { Answer, Order } from '../../src/workers/link/link.js';
import { ThreadEnd, type MailboxParts } from '../../src/workers/link/mailbox.js';
import type { FromWorker, ToWorker } from '../../src/workers/link/messages.js';
import { serveOrders } from '../../src/workers/host/serve-orders.js';
import { SessionHost } from '../../src/workers/host/session-host.js';

/** The real host, but for a run that asks for the output `CRASH`: the thread ends by an uncaught exception. */
class CrashingHost extends SessionHost {
  override answer(message: Exclude<ToWorker, { kind: 'stop' }>): Promise<FromWorker> {
    if (message.kind === 'run' && message.outputs.includes('CRASH')) throw new Error('crashed on request');
    return super.answer(message);
  }
}

const mailbox = new ThreadEnd<Order, Answer>(workerData as MailboxParts);
await serveOrders(mailbox, new CrashingHost(ortEngine), ortEngine.version);
