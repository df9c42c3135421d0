import { parentPort } from 'node:worker_threads';
import { toPlainError } from '../../errors.js';
import { performTask, type FromCodec, type ToCodec } from './tasks.js';
import { listTransfers } from './transfers.js';

/** Entry of a codec thread: does tasks in the order they come, and ends when its port is closed. */
function main(port: NonNullable<typeof parentPort>): void {
  port.on('message', ({ job, task }: ToCodec) => {
    try {
      const result = performTask(task);
      port.postMessage({ job, result } satisfies FromCodec, listTransfers(result));
    } catch (error) {
      port.postMessage({ job, error: toPlainError(error) } satisfies FromCodec);
    }
  });
}

if (parentPort !== null) main(parentPort);
