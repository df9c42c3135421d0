import * as threads from 'node:worker_threads';
import type { Tensor } from './tensor.js';

/** Buffers below this size are left to the collector. */
const leastBytes = 16 * 1024;

/**
 * Whether a buffer can be moved nowhere: so it is with the pool of small Buffers, whose memory is everybody's. Older lines of Node.js cannot
 * be asked; there the pool has 8 KiB, from 24 on 64 KiB, as what a socket reads.
 */
export const isKept =
  (threads as { readonly isMarkedAsUntransferable?: (value: object) => boolean }).isMarkedAsUntransferable ??
  ((): boolean => false);

const { port1: nowhere, port2: other } = new threads.MessageChannel();
other.close();
nowhere.close();

/** Whether a buffer is large enough to be given back by itself, and may be. */
export function isWorthRelease(buffer: ArrayBuffer): boolean {
  return buffer.byteLength >= leastBytes && !isKept(buffer);
}

/**
 * Gives the memory of large buffers back at once; every view of them becomes empty. What is sent to a port that is closed is freed
 * with the message, on every version of Node. Left to the collector, buffers of requests make it mark the whole heap again and again,
 * since it counts them and knows nothing of their short lives. The caller owns them: nothing else may still read them.
 */
export function releaseMemory(buffers: Iterable<ArrayBuffer>): void {
  const large = [...new Set(buffers)].filter(isWorthRelease);
  if (large.length > 0) nowhere.postMessage(undefined, large);
}

/** The same for tensors whose buffers are their own; of files those that were copied, each into memory of its own. */
export function releaseTensors(tensors: Iterable<Tensor>): void {
  releaseMemory([...tensors].flatMap(buffersOf));
}

function buffersOf({ datatype, data }: Tensor): readonly ArrayBuffer[] {
  if (datatype !== 'BYTES') return [data.buffer];
  return data.flatMap((element) => (typeof element === 'string' ? [] : ownMemory(element)));
}

/** Releases are made together from this size on, since each costs by the call. */
const batchBytes = 256 * 1024;

/** Buffers that nobody reads any more, given back a few at a time. */
export class ReleaseBatch {
  #buffers: ArrayBuffer[] = [];
  #bytes = 0;

  add(buffers: Iterable<ArrayBufferLike>): void {
    for (const buffer of buffers) {
      if (!(buffer instanceof ArrayBuffer)) continue;
      this.#buffers.push(buffer);
      this.#bytes += buffer.byteLength;
    }
    if (this.#bytes >= batchBytes) this.release();
  }

  /** Gives back what is left. */
  release(): void {
    releaseMemory(this.#buffers);
    this.#buffers = [];
    this.#bytes = 0;
  }
}

/** The memory under a view, where the view is all of it: then nothing else lies there. */
export function ownMemory({ buffer, byteLength }: ArrayBufferView): readonly ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
}
