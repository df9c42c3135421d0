import { readFileSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import type { Engine, EngineSession } from '../../../src/engine/engine.js';
import { explainCreateFault, explainRunFault } from '../../../src/engine/ort/ort-faults.js';
import { ortEngine } from '../../../src/engine/ort/ort.js';
import { serveOrders } from '../../../src/workers/host/serve-orders.js';
import { SessionHost } from '../../../src/workers/host/session-host.js';
import type { Answer, Order } from '../../../src/workers/link/link.js';
import { ThreadEnd, type MailboxParts } from '../../../src/workers/link/mailbox.js';
import type { GpuState } from './gpu.js';

/** A session on the CPU that is lost as one on a GPU is. */
function onGpu(session: EngineSession, state: () => GpuState): EngineSession {
  const { inputs, outputs } = session;
  return {
    inputs,
    outputs,
    runNow(feeds, names) {
      const { run } = state();
      if (run !== undefined) throw explainRunFault(new Error(run));
      return session.runNow(feeds, names);
    },
    run: (feeds, names) => session.run(feeds, names),
    endProfile: () => session.endProfile(),
    release: () => session.release(),
  };
}

/** A worker thread with ONNX Runtime on a GPU that computes on the CPU, and breaks when a file says so. */
export async function main(file: string): Promise<void> {
  const stateOf = (device: number): GpuState => {
    const { deviceId = device, ...state } = JSON.parse(readFileSync(file, 'utf8')) as GpuState;
    return deviceId === device ? state : {};
  };
  const engine: Engine = {
    ...ortEngine,
    async createSession(spec, options) {
      if (spec.provider === 'cpu') return ortEngine.createSession(spec, options);
      const { load } = stateOf(spec.deviceId);
      if (load !== undefined) throw explainCreateFault(spec, new Error(load));
      return onGpu(await ortEngine.createSession({ ...spec, provider: 'cpu' }, options), () => stateOf(spec.deviceId));
    },
  };
  const mailbox = new ThreadEnd<Order, Answer>(workerData as MailboxParts);
  await serveOrders(mailbox, new SessionHost(engine), engine.version);
}
