import type { FromWorker, ToWorker } from '../../../src/workers/link/link.js';
import { SessionHost } from '../../../src/workers/host/session-host.js';

/** The real host, but for a run that asks for the output `CRASH`: the thread ends by an uncaught exception. */
export class CrashingHost extends SessionHost {
  override answer(message: Exclude<ToWorker, { kind: 'stop' }>): Promise<FromWorker> {
    if (message.kind === 'run' && message.outputs.includes('CRASH')) throw new Error('crashed on request');
    return super.answer(message);
  }
}
