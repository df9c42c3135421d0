import { workerData } from 'node:worker_threads';
import type { Engine } from '../../../src/engine/engine.js';
import { ortEngine } from '../../../src/engine/ort/ort.js';
import { AppError } from '../../../src/errors.js';
import type { Answer, Order } from '../../../src/workers/link/link.js';
import { ThreadEnd, type MailboxParts } from '../../../src/workers/link/mailbox.js';
import { serveOrders } from '../../../src/workers/host/serve-orders.js';
import { CrashingHost } from '../host/crashing-host.js';

/**
 * A worker with the runtime's CPU sessions in the part of GPUs: `strict` ones are taken to be on the device that was asked for. Number 9
 * has no memory left. Ends on request.
 */
const engine: Engine = {
  ...ortEngine,
  createSession: (spec) =>
    spec.deviceId === 9
      ? Promise.reject(new AppError('ENGINE_FAILED', 'CUDA error 2: out of memory'))
      : ortEngine.createSession({ ...spec, provider: 'cpu' }),
};

const mailbox = new ThreadEnd<Order, Answer>(workerData as MailboxParts);
await serveOrders(mailbox, new CrashingHost(engine), engine.version);
