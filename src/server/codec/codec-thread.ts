import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { toPlainError } from '../../errors.js';
import { configureImages } from '../../image/decode.js';
import { releaseMemory } from '../../tensor/release.js';
import { standBehindMain } from '../../workers/host/niceness.js';
import { performPart } from './parts.js';
import { giveWay, stop, type CodecThreadData, type FromCodec, type ToCodec } from './tasks.js';
import { findSpent, listArrived, listTransfers, packRest } from './transfers.js';

const sliceMs = 50;

/** Entry of a codec thread, which has one task at a time; ends when it is terminated. */
function main(port: NonNullable<typeof parentPort>, data: OwnData): void {
  standBehindMain();
  configureImages(data.image);
  let holdsTokenizers = false;
  const isHeavy = (): boolean => holdsMuch(holdsTokenizers);
  /** Whether a task that goes on since then has to end before its next item. */
  const isOver = (sinceMs: number): boolean => {
    const order = Atomics.load(data.order, 0);
    return order === stop || (order === giveWay && performance.now() - sinceMs >= (data.sliceMs ?? sliceMs));
  };
  port.on('message', ({ job, task }: ToCodec) => {
    holdsTokenizers ||= task.kind === 'tokenize';
    const startMs = performance.now();
    performPart(task, () => isOver(startMs))
      .then((done) => {
        if ('rest' in done) {
          const { task: rest, transfers } = packRest(done.rest);
          port.postMessage({ job, rest, isHeavy: isHeavy() } satisfies FromCodec, transfers);
          return;
        }
        const { result } = done;
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

/** What every codec thread starts with, and what this one is told while it has a task. */
interface OwnData extends CodecThreadData {
  readonly order: Int32Array;
}

if (parentPort !== null) main(parentPort, workerData as OwnData);
