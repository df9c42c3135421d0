import type { Arrival, GrpcHost, MessageMemory } from '../host.js';

/** What stands before each message: a flag for compressed ones, and the length. */
export const prefixBytes = 5;

/** Up to this size a message that comes in one piece is taken where it was read from the socket. */
const smallBytes = 16 * 1024;

/** Of a call that is over. */
const idle = (): void => undefined;
const nothing: MessageMemory = { counter: () => idle, take: idle, hold: idle, own: idle, close: idle, abandon: idle };

/** What the reader of a call needs from the server around it. */
export type FrameHost = Pick<GrpcHost, 'receive' | 'hold'>;

/** Cuts the bytes of one call into messages with their prefixes; limits and memory are asked before anything is put aside. */
export class FrameReader {
  readonly #host: FrameHost;
  readonly #memories = new Map<Buffer, MessageMemory>();
  #prefix: Buffer | undefined;
  #arrival: Arrival | undefined;
  #missingBytes = 0;

  constructor(host: FrameHost) {
    this.#host = host;
  }

  /** Whether a message has begun and is not whole. */
  get isWaiting(): boolean {
    return this.#prefix !== undefined || this.#arrival !== undefined;
  }

  /** Takes what has arrived and answers the messages that are whole by it. Throws PAYLOAD_TOO_LARGE or MEMORY_FULL. */
  write(data: Buffer): Buffer[] {
    const whole: Buffer[] = [];
    let rest = this.#prefix === undefined ? data : Buffer.concat([this.#prefix, data]);
    this.#prefix = undefined;
    while (rest.length > 0) {
      if (this.#arrival === undefined) {
        const small = this.#takeSmall(rest);
        if (small !== undefined) {
          whole.push(small);
          rest = rest.subarray(small.length);
          continue;
        }
        if (!this.#begin(rest)) break;
      }
      const piece = rest.subarray(0, this.#missingBytes);
      rest = rest.subarray(piece.length);
      const frame = this.#append(piece);
      if (frame !== undefined) whole.push(frame);
    }
    return whole;
  }

  /** The memory of a message that `write` answered. */
  memoryOf(frame: Buffer): MessageMemory {
    return this.#memories.get(frame) ?? nothing;
  }

  /** The same for whoever closes it from now on. */
  claim(frame: Buffer): MessageMemory {
    const memory = this.memoryOf(frame);
    this.#memories.delete(frame);
    return memory;
  }

  /** The call is over: what nobody claimed is free. */
  close(): void {
    this.#arrival?.discard();
    this.#arrival?.memory.close();
    this.#arrival = undefined;
    for (const memory of this.#memories.values()) memory.close();
    this.#memories.clear();
  }

  #takeSmall(rest: Buffer): Buffer | undefined {
    if (rest.length < prefixBytes) return undefined;
    const bytes = rest.readUInt32BE(1);
    if (bytes >= smallBytes || rest.length < prefixBytes + bytes) return undefined;
    const memory = this.#host.hold(bytes);
    const frame = rest.subarray(0, prefixBytes + bytes);
    this.#memories.set(frame, memory);
    return frame;
  }

  /** Whether the prefix is there. */
  #begin(rest: Buffer): boolean {
    if (rest.length < prefixBytes) {
      this.#prefix = Buffer.from(rest);
      return false;
    }
    const bytes = rest.readUInt32BE(1);
    this.#arrival = this.#host.receive(bytes, prefixBytes);
    this.#missingBytes = prefixBytes + bytes;
    return true;
  }

  #append(piece: Buffer): Buffer | undefined {
    const arrival = this.#arrival;
    arrival?.add(piece);
    this.#missingBytes -= piece.length;
    if (arrival === undefined || this.#missingBytes > 0) return undefined;
    this.#arrival = undefined;
    const frame = arrival.finish();
    this.#memories.set(frame, arrival.memory);
    return frame;
  }
}
