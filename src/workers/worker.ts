import { isMainThread, workerData } from 'node:worker_threads';
import { ortEngine } from '../engine/ort.js';
import { assertTelemetryOff } from '../engine/telemetry.js';
import type { MailboxParts } from './mailbox.js';
import { serveOrders } from './serve-orders.js';
import { SessionHost } from './session-host.js';

/** Entry of a worker thread. */
async function main(): Promise<void> {
  assertTelemetryOff(process.env);
  await serveOrders(workerData as MailboxParts, new SessionHost(ortEngine), ortEngine.version);
}

if (!isMainThread) await main();
