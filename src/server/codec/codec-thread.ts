import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { toPlainError } from '../../errors.js';
import { configureImages } from '../../image/decode.js';
import { releaseMemory } from '../../tensor/release.js';
import { standBehindMain } from '../../workers/host/niceness.js';
import { performTask, type CodecThreadData, type FromCodec, type ToCodec } from './tasks.js';
import { listArrived, listTransfers } from './transfers.js';

/** Entry of a codec thread: JSON is handled in the order it comes, images beside it; ends when it is terminated. */
function main(port: NonNullable<typeof parentPort>, data: CodecThreadData): void {
  standBehindMain();
  configureImages(data.image);
  port.on('message', ({ job, task }: ToCodec) => {
    performTask(task)
      .then((result) =>
        port.postMessage({ job, result, isHeavy: isHeavy() } satisfies FromCodec, listTransfers(result)),
      )
      .catch((error: unknown) =>
        port.postMessage({ job, error: toPlainError(error), isHeavy: isHeavy() } satisfies FromCodec),
      )
      .finally(() => releaseMemory(listArrived(task)));
  });
}

/** More than tokenizers take, for which alone a thread is better kept. */
const heavyBytes = 96 << 20;

/** Whether images and tensors take much memory here, of which most is probably not used any more. */
function isHeavy(): boolean {
  return getHeapStatistics().external_memory > heavyBytes;
}

if (parentPort !== null) main(parentPort, workerData as CodecThreadData);
