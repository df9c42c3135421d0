import type { Readable } from 'node:stream';
import type { GrpcHost } from '../host.js';

/** Smaller buffers are left to the collector. */
const leastBytes = 16 * 1024;

/**
 * The buffers that connections were read into. Node.js hands out each in pieces, for one call or several, and keeps it until it reads the
 * next. Once it does, and every piece was copied, the buffer is freed: left to the collector, those of large messages make it mark the
 * whole heap every few requests. A piece that is never copied, as of a call that nobody reads, leaves its buffer to the collector.
 */
export class ReadMemory {
  readonly #release: GrpcHost['release'];
  /** Pieces of a buffer that may be read yet, and one more while its connection keeps it. */
  readonly #holders = new WeakMap<ArrayBufferLike, number>();

  constructor(release: GrpcHost['release']) {
    this.#release = release;
  }

  /** Answers what to show every call of one connection, before anything of it is read. */
  connection(): (call: Readable) => void {
    let current: ArrayBufferLike | undefined;
    const onPiece = ({ buffer }: Uint8Array): void => {
      if (buffer !== current) {
        if (current !== undefined) this.#drop(current);
        current = buffer;
        this.#holders.set(buffer, 1);
      }
      this.#holders.set(buffer, (this.#holders.get(buffer) ?? 0) + 1);
    };
    return (call) => {
      const push = call.push.bind(call);
      call.push = (piece: unknown, encoding) => {
        if (piece instanceof Uint8Array && piece.buffer.byteLength >= leastBytes) onPiece(piece);
        return push(piece, encoding);
      };
    };
  }

  /** Nobody will read this piece again. */
  copied({ buffer }: Uint8Array): void {
    this.#drop(buffer);
  }

  #drop(buffer: ArrayBufferLike): void {
    const holders = this.#holders.get(buffer);
    if (holders === undefined) return;
    this.#holders.set(buffer, holders - 1);
    if (holders > 1) return;
    this.#holders.delete(buffer);
    this.#release([buffer]);
  }
}
