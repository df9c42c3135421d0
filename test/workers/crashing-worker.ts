import { parentPort } from 'node:worker_threads';
import '../../src/workers/worker.js';
import type { ToWorker } from '../../src/workers/messages.js';

/** The real worker, but for a run that asks for the output `CRASH`: the thread ends by an uncaught exception. */
parentPort?.on('message', (message: ToWorker) => {
  if (message.kind === 'run' && message.outputs.includes('CRASH')) throw new Error('crashed on request');
});
