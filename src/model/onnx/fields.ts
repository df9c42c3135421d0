import { AppError } from '../../errors.js';

/** Bytes that can be read from anywhere, a few at a time; they are valid until the next call. Fewer than asked come only at the end. */
export interface ByteSource {
  readonly size: number;
  read(at: number, length: number): Uint8Array;
}

/** A field of a message: its number, and either its integer or where its bytes lie in the source. */
export interface WireField {
  readonly number: number;
  readonly kind: 'integer' | 'fixed' | 'bytes';
  /** The integer of a varint field as signed 64 bit; 0 for the others. Beyond 2^53 it is rounded. */
  readonly value: number;
  /** Where its tag starts, before its value. */
  readonly tagStart: number;
  readonly start: number;
  readonly end: number;
}

/**
 * What a file may ask of the reader. Walking costs time by the bytes of the file and no memory, so that neither fields nor
 * nodes are counted; what is kept is. Graphs nest three messages a level, of which the runtime's own parser allows 100.
 */
export const limits = { keptBytes: 128 << 20, metadataBytes: 32 << 20, depth: 33 } as const;

/** What one kept text costs beside its bytes. */
const textOverheadBytes = 64;
const smallWindow = 4 * 1024;
const largeWindow = 64 * 1024;
const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
const everyField = ~0;
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The set of field numbers, up to 31, that `fields` is asked for. */
export function only(...numbers: readonly number[]): number {
  return numbers.reduce((mask, number) => mask | (1 << number), 0);
}

/**
 * Walks messages in the wire format (protobuf.dev, "Encoding") through a window of the source: small after a jump, as over
 * weights, larger while reading on.
 */
export class WireReader {
  readonly #source: ByteSource;
  #window: Uint8Array = new Uint8Array(0);
  #windowStart = 0;
  #cursor = 0;
  #keptLeft: number = limits.keptBytes;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /**
   * The fields of the message that fills [start, end), in file order; of a mask from `only`, those in it. Throws MODEL_INVALID
   * where they do not fit into it.
   */
  *fields(start: number, end: number, wanted: number = everyField): Generator<WireField> {
    let at = start;
    while (at < end) {
      const field = this.#next(at, end, wanted);
      if (field === undefined) return;
      yield field;
      at = field.end;
    }
  }

  /** The text of a field, to be kept. Throws MODEL_INVALID above the limit; bytes that are no UTF-8 become U+FFFD. */
  text(field: WireField): string {
    this.keep(field.end - field.start);
    return this.passingText(field);
  }

  /** The text of a field that is only looked at: it counts for no limit. */
  passingText(field: WireField): string {
    const length = field.end - field.start;
    if (length > limits.keptBytes) throw broken(`a name at byte ${field.start} has ${length} bytes`);
    return this.beginningOfText(field, length);
  }

  /** The first bytes of a text, up to `mostBytes`, without a character that is cut through. */
  beginningOfText({ kind, start, end }: WireField, mostBytes: number): string {
    if (kind !== 'bytes') throw broken(`a string was expected at byte ${start}`);
    const length = Math.min(end - start, mostBytes);
    const bytes = this.bytes(start, length);
    return length < end - start ? new TextDecoder().decode(bytes, { stream: true }) : decoder.decode(bytes);
  }

  /** Counts a text that is kept. Throws MODEL_INVALID where all of them take too much memory. */
  keep(textBytes: number): void {
    this.#keptLeft -= textBytes + textOverheadBytes;
    if (this.#keptLeft < 0) throw broken(`its names take more than ${limits.keptBytes} bytes`);
  }

  /** Bytes of the source, valid until the next call. */
  bytes(at: number, length: number): Uint8Array {
    if (at < this.#windowStart || at + length > this.#windowStart + this.#window.length) this.#load(at, length);
    return this.#window.subarray(at - this.#windowStart, at - this.#windowStart + length);
  }

  /** The value of a 32-bit float field. */
  float({ start, end }: WireField): number {
    const bytes = this.bytes(start, Math.min(4, end - start));
    return bytes.length < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset, 4).getFloat32(0, true);
  }

  /** Packed 32-bit floats of a field, up to `most`. */
  floats({ start, end }: WireField, most: number): readonly number[] {
    const count = Math.min(most, Math.floor((end - start) / 4));
    const bytes = this.bytes(start, count * 4);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: count }, (_, index) => view.getFloat32(index * 4, true));
  }

  /** Packed integers of a field, up to `most`. */
  integers({ start, end }: WireField, most: number): readonly number[] {
    const values: number[] = [];
    this.#cursor = start;
    while (this.#cursor < end && values.length < most) values.push(this.#varint(end));
    return values;
  }

  /** The next wanted field from `at` on; the others are skipped by their length. */
  #next(at: number, end: number, wanted: number): WireField | undefined {
    this.#cursor = at;
    while (this.#cursor < end) {
      const tagStart = this.#cursor;
      const tag = this.#varint(end);
      const number = Math.floor(tag / 8);
      if (number < 1) throw broken(`a field at byte ${tagStart} has the number ${number}`);
      if (wanted === everyField || (number < 32 && (wanted & (1 << number)) !== 0)) {
        return this.#field(tagStart, tag, end);
      }
      this.#skip(tag % 8, end);
    }
    return undefined;
  }

  #field(tagStart: number, tag: number, end: number): WireField {
    const [number, wireType] = [Math.floor(tag / 8), tag % 8];
    if (wireType === wireTypes.varint) {
      const start = this.#cursor;
      const value = this.#varint(end);
      return { number, kind: 'integer', value, tagStart, start, end: this.#cursor };
    }
    const start = this.#skip(wireType, end);
    const kind = wireType === wireTypes.bytes ? 'bytes' : 'fixed';
    return { number, kind, value: 0, tagStart, start, end: this.#cursor };
  }

  /** Moves the cursor behind a value and answers where it starts. */
  #skip(wireType: number, end: number): number {
    let length = 0;
    if (wireType === wireTypes.bytes) length = this.#varint(end);
    else if (wireType === wireTypes.fixed32) length = 4;
    else if (wireType === wireTypes.fixed64) length = 8;
    else if (wireType === wireTypes.varint) this.#varint(end);
    else throw broken(`a field at byte ${this.#cursor} has the wire type ${wireType}`);
    const start = this.#cursor;
    if (length < 0 || start + length > end) {
      throw broken(`a field at byte ${start} has a length of ${length} where ${end - start} bytes are left`);
    }
    this.#cursor = start + length;
    return start;
  }

  #varint(end: number): number {
    const start = this.#cursor;
    let [value, scale] = [0, 1];
    for (let at = start; at < end && at < start + 10; at++, scale *= 128) {
      const byte = this.#byte(at);
      value += (byte & 127) * scale;
      if (byte > 127) continue;
      this.#cursor = at + 1;
      // Ten bytes are a negative integer; a double would round it before the sign is known.
      return at === start + 9 ? signedInteger(this.bytes(start, 10)) : value;
    }
    throw broken(`an integer at byte ${start} has no end`);
  }

  #byte(at: number): number {
    if (at < this.#windowStart || at >= this.#windowStart + this.#window.length) this.#load(at, 1);
    return this.#window[at - this.#windowStart] ?? 0;
  }

  #load(at: number, length: number): void {
    const isNear = at >= this.#windowStart && at <= this.#windowStart + this.#window.length;
    const wished = Math.max(length, isNear ? largeWindow : smallWindow);
    this.#window = this.#source.read(at, Math.min(wished, this.#source.size - at));
    this.#windowStart = at;
    if (this.#window.length < length) throw broken(`it ends at byte ${at + this.#window.length} while it is read`);
  }
}

function signedInteger(bytes: Uint8Array): number {
  const value = bytes.reduceRight((high, byte) => (high << 7n) | BigInt(byte & 127), 0n);
  return Number(BigInt.asIntN(64, value));
}

/** The failure of a file that is no ONNX model or is damaged. */
export function broken(reason: string): AppError {
  return new AppError('MODEL_INVALID', `The model file cannot be read: ${reason}. Expected a complete ONNX file.`);
}
