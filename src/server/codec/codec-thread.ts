import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { toPlainError } from '../../errors.js';
import { configureImages } from '../../image/decode.js';
import { releaseMemory } from '../../tensor/release.js';
import { standBehindMain } from '../../workers/host/niceness.js';
import { performTask, type CodecThreadData, type FromCodec, type ToCodec } from './tasks.js';
import { findSpent, listArrived, listTransfers } from './transfers.js';

/** Entry of a codec thread: JSON is handled in the order it comes, images beside it; ends when it is terminated. */
function main(port: NonNullable<typeof parentPort>, data: CodecThreadData): void {
  standBehindMain();
  configureImages(data.image);
  let holdsTokenizers = false;
  const isHeavy = (): boolean => holdsMuch(holdsTokenizers);
  port.on('message', ({ job, task }: ToCodec) => {
    holdsTokenizers ||= task.kind === 'tokenize';
    performTask(task)
      .then((result) => {
        const transfers = listTransfers(result);
        const spent = findSpent(task, result, transfers);
        if (spent !== undefined) transfers.push(spent);
        port.postMessage({ job, result, isHeavy: isHeavy(), spent } satisfies FromCodec, transfers);
      })
      .catch((error: unknown) =>
        port.postMessage({ job, error: toPlainError(error), isHeavy: isHeavy() } satisfies FromCodec),
      )
      .finally(() => releaseMemory(listArrived(task)));
  });
}

/** Of images and tensors. */
const heavyBytes = 96 << 20;

/** Of the heap, which has some 8 MiB when the thread starts. */
const heavyHeapBytes = 24 << 20;

/** Whether there is much memory here, of which most is probably not used any more. A thread whose heap has tokenizers in it is better kept. */
function holdsMuch(holdsTokenizers: boolean): boolean {
  const { external_memory: external, total_heap_size: heap } = getHeapStatistics();
  return external > heavyBytes || (!holdsTokenizers && heap > heavyHeapBytes);
}

if (parentPort !== null) main(parentPort, workerData as CodecThreadData);
