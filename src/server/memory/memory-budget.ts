import { refusal, type AppError } from '../../errors.js';
import { isWorthRelease, releaseMemory } from '../../tensor/release.js';
import type { Tensor } from '../../tensor/tensor.js';
import { SpareBuffers } from './spare-buffers.js';

/**
 * What all requests may hold together: bodies as they arrive and are unfolded, tensors that wait, answers that are not read yet.
 * Nothing waits for it: what does not fit is refused at once. Answers that clients take slowly give way first.
 */
export class MemoryBudget {
  readonly limitBytes: number;
  /** Memory of bodies that were read, for the next ones. */
  readonly spares: SpareBuffers;
  readonly #clock: () => number;
  #usedBytes = 0;
  #refusals = 0;
  /** Those that may have to give way, and from when on: in the order in which they came. */
  readonly #slow = new Map<() => void, number>();

  constructor(limitBytes: number, clock = () => performance.now()) {
    this.limitBytes = limitBytes;
    this.spares = new SpareBuffers(limitBytes);
    this.#clock = clock;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Requests refused because of it. */
  get refusals(): number {
    return this.#refusals;
  }

  /** Counts `bytes` more for a request that holds `ownBytes`. Throws PAYLOAD_TOO_LARGE where it could never fit, else MEMORY_FULL. */
  take(bytes: number, ownBytes: number): void {
    if (this.#usedBytes + bytes > this.limitBytes && ownBytes + bytes <= this.limitBytes) this.#makeRoom(bytes);
    if (this.#usedBytes + bytes <= this.limitBytes) {
      this.#usedBytes += bytes;
      return;
    }
    this.#refusals += 1;
    throw ownBytes + bytes > this.limitBytes
      ? neverFits(ownBytes + bytes, this.limitBytes)
      : full(bytes, this.#usedBytes, this.limitBytes);
  }

  /** Counts what is there already, such as an answer: it is not refused any more, but what comes next is. */
  hold(bytes: number): void {
    this.#usedBytes += bytes;
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes;
  }

  /** Has `giveWay` called, once, when others need memory and `limitMs` have passed; what it answers takes that back. */
  mayGiveWay(limitMs: number, giveWay: () => void): () => void {
    this.#slow.set(giveWay, this.#clock() + limitMs);
    return () => void this.#slow.delete(giveWay);
  }

  #makeRoom(bytes: number): void {
    const nowMs = this.#clock();
    for (const [giveWay, fromMs] of this.#slow) {
      if (nowMs < fromMs || this.#usedBytes + bytes <= this.limitBytes) return;
      this.#slow.delete(giveWay);
      giveWay();
    }
  }
}

/** What one request holds of the budget, and the buffers that are its own. */
export class RequestMemory {
  readonly #budget: MemoryBudget;
  #bytes = 0;
  #buffers: ArrayBuffer[] = [];
  #isClosed = false;

  constructor(budget: MemoryBudget) {
    this.#budget = budget;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get spares(): SpareBuffers {
    return this.#budget.spares;
  }

  /** Throws PAYLOAD_TOO_LARGE or MEMORY_FULL. After the end nothing is counted. */
  take(bytes: number): void {
    if (this.#isClosed) return;
    this.#budget.take(bytes, this.#bytes);
    this.#bytes += bytes;
  }

  /** Counts what the request holds whether it fits or not. */
  hold(bytes: number): void {
    if (this.#isClosed) return;
    this.#budget.hold(bytes);
    this.#bytes += bytes;
  }

  /** Counts one thing that grows, by the bytes that it holds in all. */
  counter(): (heldBytes: number) => void {
    let counted = 0;
    return (heldBytes) => {
      this.take(heldBytes - counted);
      counted = heldBytes;
    };
  }

  /** Buffers that nobody reads once the request is over: they are freed then. */
  own(buffers: Iterable<ArrayBufferLike>): void {
    for (const buffer of buffers) {
      if (!(buffer instanceof ArrayBuffer) || !isWorthRelease(buffer)) continue;
      if (this.#isClosed) releaseMemory([buffer]);
      else this.#buffers.push(buffer);
    }
  }

  /** The request is over: its answer is with the system, or its client has gone. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#budget.give(this.#bytes);
    if (this.#buffers.length > 0) releaseMemory(this.#buffers);
    this.#buffers = [];
  }

  /** The same where the system may still read its buffers: they are left to the collector. */
  abandon(): void {
    this.#buffers = [];
    this.close();
  }
}

function neverFits(bytes: number, limitBytes: number): AppError {
  return refusal(
    'PAYLOAD_TOO_LARGE',
    `The request needs ${bytes} bytes of memory, but all requests together may hold ${limitBytes}: send less at once, or start the server with a larger --request-memory.`,
    { details: { bytes, limitBytes } },
  );
}

function full(bytes: number, usedBytes: number, limitBytes: number): AppError {
  return refusal(
    'MEMORY_FULL',
    `The request needs ${bytes} more bytes of memory, but requests hold ${usedBytes} of the ${limitBytes} that they may hold together (--request-memory): send it again later.`,
    { details: { bytes, usedBytes, limitBytes } },
  );
}

/** What an element of BYTES costs beside its characters, which came with a body or go with an answer that counts. */
const bytesOfText = 64;

/** Memory of tensors, but for those that lie in a body, which counts already. */
export function tensorBytes(tensors: Iterable<Tensor>, body?: Uint8Array): number {
  let bytes = 0;
  for (const tensor of tensors) bytes += oneTensor(tensor, body);
  return bytes;
}

function oneTensor(tensor: Tensor, body: Uint8Array | undefined): number {
  if (tensor.datatype === 'BYTES') return tensor.data.length * bytesOfText;
  return tensor.data.buffer === body?.buffer ? 0 : tensor.data.byteLength;
}
