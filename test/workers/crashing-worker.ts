import { workerData } from 'node:worker_threads';
import { ortEngine } from '../../src/engine/ort/ort.js';
import type { Answer, Order } from '../../src/workers/link/link.js';
import { ThreadEnd, type MailboxParts } from '../../src/workers/link/mailbox.js';
import { serveOrders } from '../../src/workers/host/serve-orders.js';
import { CrashingHost } from './host/crashing-host.js';

/** A worker with the real runtime that ends on request. */
const mailbox = new ThreadEnd<Order, Answer>(workerData as MailboxParts);
await serveOrders(mailbox, new CrashingHost(ortEngine), ortEngine.version);
