import { ownMemory, releaseMemory, ReleaseBatch } from '../../tensor/release.js';
import { isKeptSize, type SpareBuffers } from './spare-buffers.js';

/** How bytes of a length that may not be known are put together. */
export interface GrowingOptions {
  /** Bytes in all where they are known: then little is moved. */
  readonly expectedBytes?: number | undefined;
  /** This byte comes to lie where elements of up to 8 bytes may begin. */
  readonly alignAt?: number;
  /** Called before memory grows, with the bytes that are held then; what it throws is thrown by `add`. */
  readonly onHold?: (bytes: number) => void;
  /** Where large memory of a known length is taken from. */
  readonly spares?: SpareBuffers | undefined;
}

const alignment = 8;
const firstBytes = 16 * 1024;
/** From so many bytes on a known length is believed: what is announced costs nothing, and memory for it makes V8 collect garbage, written to or not. */
const believedFromBytes = 32 * 1024;
/** There is never memory for more than so many times the bytes that came. */
const mostTimes = 128;
/** Memory of a length that is believed is counted as it fills: pages that nobody wrote to are not there. */
const firstCountedBytes = 1024 * 1024;

/**
 * Bytes that arrive in pieces, in one buffer: copied once where their number is known and they come quickly, else twice at most on average.
 * Pieces handed over are freed, so that however many come, no more is held than twice their bytes.
 */
export class GrowingBuffer {
  readonly #options: GrowingOptions;
  readonly #pad: number;
  #bytes: Buffer | undefined;
  #length = 0;
  #heldBytes = 0;
  readonly #spent = new ReleaseBatch();

  constructor(options: GrowingOptions = {}) {
    this.#options = options;
    this.#pad = (alignment - ((options.alignAt ?? 0) % alignment)) % alignment;
  }

  get length(): number {
    return this.#length;
  }

  /** Appends a piece and keeps nothing of it. */
  add(piece: Uint8Array): void {
    const to = this.#length + piece.length;
    this.#room(to).set(piece, this.#length);
    this.#length = to;
  }

  /** Appends a piece that belongs to this buffer now: its memory is freed where it is large and its own. */
  take(piece: Uint8Array): void {
    this.add(piece);
    this.#spent.add(ownMemory(piece));
  }

  /** Where the next bytes belong: what is counted already of what is missing, at least one byte. For whoever writes there; `filled` appends it. */
  room(): Uint8Array {
    return this.#room(this.#length + 1).subarray(this.#length, this.#heldBytes);
  }

  /** Appends what was written to `room`. */
  filled(bytes: number): void {
    this.#length += bytes;
  }

  /** What was put together, a view of memory that holds nothing else. */
  finish(): Buffer {
    this.#spent.release();
    return this.#room(this.#length).subarray(0, this.#length);
  }

  /** Frees everything. */
  discard(): void {
    this.#spent.release();
    if (this.#bytes !== undefined) releaseMemory([this.#bytes.buffer as ArrayBuffer]);
    this.#bytes = undefined;
  }

  #room(bytes: number): Buffer {
    if (bytes > this.#heldBytes) this.#hold(bytes);
    const held = this.#bytes;
    if (held !== undefined && held.length >= bytes) return held;
    const believedBytes = this.#believedBytes(bytes);
    const grown = allocate(
      this.#pad,
      Math.max(Math.min(believedBytes ?? 0, mostTimes * bytes), this.#heldBytes, bytes),
      believedBytes === undefined ? undefined : this.#options.spares,
    );
    if (held !== undefined) {
      grown.set(held.subarray(0, this.#length));
      releaseMemory([held.buffer as ArrayBuffer]);
    }
    this.#bytes = grown;
    return grown;
  }

  /** Bytes in all once so many have come that this may be true. */
  #believedBytes(bytes: number): number | undefined {
    return bytes < believedFromBytes ? undefined : this.#options.expectedBytes;
  }

  #hold(bytes: number): void {
    const { expectedBytes, onHold } = this.#options;
    const leastBytes = this.#believedBytes(bytes) === undefined ? firstBytes : firstCountedBytes;
    const doubled = Math.max(bytes, 2 * this.#heldBytes, leastBytes);
    const held = Math.min(doubled, Math.max(bytes, expectedBytes ?? Infinity));
    onHold?.(held);
    this.#heldBytes = held;
  }
}

/** Never from Node's pool, whose memory cannot move to another thread. */
function allocate(pad: number, bytes: number, spares: SpareBuffers | undefined): Buffer {
  if (spares !== undefined && isKeptSize(pad + bytes)) return Buffer.from(spares.take(pad + bytes), pad, bytes);
  return Buffer.allocUnsafeSlow(pad + bytes).subarray(pad);
}
