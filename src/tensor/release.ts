import { MessageChannel } from 'node:worker_threads';

/**
 * Buffers below this size are left to the collector. So is the pool of small Buffers, whose memory is everybody's and which no message
 * takes: 8 KiB, from Node.js 24 on 64 KiB.
 */
const leastBytes = Math.max(16 * 1024, Buffer.poolSize + 1);

const { port1: nowhere, port2: other } = new MessageChannel();
other.close();
nowhere.close();

/** Whether a buffer is large enough to be given back by itself. */
export function isWorthRelease({ byteLength }: ArrayBuffer): boolean {
  return byteLength >= leastBytes;
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

/** The memory under a view, where the view is all of it: then nothing else lies there. */
export function ownMemory({ buffer, byteLength }: ArrayBufferView): readonly ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
}
