import { releaseMemory } from '../../tensor/release.js';

/** Buffers are of whole steps, so that one of a size serves bodies of about that size. */
const stepBytes = 256 * 1024;
const leastBytes = 1 << 20;
const mostBytes = 32 << 20;
const restMs = 5000;

/** Whether bodies of so many bytes lie in buffers that are kept: smaller ones the allocator keeps by itself. */
export const isKeptSize = (bytes: number): boolean => bytes >= leastBytes && bytes <= mostBytes;

/** Whether a buffer is one of those. */
export const isSpare = ({ byteLength }: ArrayBuffer): boolean => isKeptSize(byteLength) && byteLength % stepBytes === 0;

/**
 * Memory of large bodies that were read, for the next ones: what the system gives anew it clears page by page while the event loop reads
 * into it, which takes longer than the reading. Given back once no body was read for some seconds.
 */
export class SpareBuffers {
  readonly #mostBytes: number;
  readonly #restMs: number;
  #buffers: ArrayBuffer[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Keeps an eighth of what all requests may hold, and never more than 32 MiB. */
  constructor(limitBytes: number, rest = restMs) {
    this.#mostBytes = Math.min(mostBytes, limitBytes / 8);
    this.#restMs = rest;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Memory for at least so many bytes, with whatever is in it. */
  take(bytes: number): ArrayBuffer {
    const size = Math.ceil(bytes / stepBytes) * stepBytes;
    const at = this.#buffers.findLastIndex(({ byteLength }) => byteLength === size);
    const [found] = at < 0 ? [] : this.#buffers.splice(at, 1);
    if (found === undefined) return Buffer.allocUnsafeSlow(size).buffer;
    this.#bytes -= size;
    return found;
  }

  /** Keeps a buffer that nobody reads any more, or frees it. */
  give(buffer: ArrayBuffer): void {
    if (!isSpare(buffer) || this.#bytes + buffer.byteLength > this.#mostBytes) {
      releaseMemory([buffer]);
      return;
    }
    this.#buffers.push(buffer);
    this.#bytes += buffer.byteLength;
    this.#timer = this.#timer?.refresh() ?? setTimeout(() => this.#release(), this.#restMs).unref();
  }

  #release(): void {
    releaseMemory(this.#buffers);
    this.#buffers = [];
    this.#bytes = 0;
  }
}
