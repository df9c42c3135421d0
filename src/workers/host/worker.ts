import { isMainThread, workerData } from 'node:worker_threads';
import { ortEngine } from '../../engine/ort/ort.js';
import { assertTelemetryOff } from '../../engine/telemetry.js';
import type { Answer, Order } from '../link/link.js';
import { ThreadEnd, type MailboxParts } from '../link/mailbox.js';
import { serveOrders } from './serve-orders.js';
import { SessionHost } from './session-host.js';

/** Entry of a worker thread. */
async function main(): Promise<void> {
  assertTelemetryOff(process.env);
  const mailbox = new ThreadEnd<Order, Answer>(workerData as MailboxParts);
  await serveOrders(mailbox, new SessionHost(ortEngine), ortEngine.version);
}

if (!isMainThread) await main();
