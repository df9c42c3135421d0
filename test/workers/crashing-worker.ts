import { parentPort } from 'node:worker_threads';
import '../../src/workers/worker.js';
import { decodeRun } from '../../src/workers/run-codec.js';

/** The real worker, but for a run that asks for the output `CRASH`: the thread ends by an uncaught exception. */
parentPort?.on('message', (message: unknown) => {
  if (typeof message === 'string' && decodeRun(message).outputs.includes('CRASH'))
    throw new Error('crashed on request');
});
