import { workerData } from 'node:worker_threads';
import { ortEngine } from '../../src/engine/ort.js';
import type { Answer, Order } from '../../src/workers/link.js';
import { ThreadEnd, type MailboxParts } from '../../src/workers/mailbox.js';
import type { FromWorker, ToWorker } from '../../src/workers/messages.js';
import { serveOrders } from '../../src/workers/serve-orders.js';
import { SessionHost } from '../../src/workers/session-host.js';

/** The real host, but for a run that asks for the output `CRASH`: the thread ends by an uncaught exception. */
class CrashingHost extends SessionHost {
  override answer(message: Exclude<ToWorker, { kind: 'stop' }>): Promise<FromWorker> {
    if (message.kind === 'run' && message.outputs.includes('CRASH')) throw new Error('crashed on request');
    return super.answer(message);
  }
}

const mailbox = new ThreadEnd<Order, Answer>(workerData as MailboxParts);
await serveOrders(mailbox, new CrashingHost(ortEngine), ortEngine.version);
