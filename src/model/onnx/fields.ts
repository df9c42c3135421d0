import { AppError } from '../../errors.js';

/** Bytes that can be read from anywhere, a few at a time. `read` answers fewer than asked only at the end. */
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
  readonly start: number;
  readonly end: number;
}

/** How much of a file may be looked at, so that a hostile one cannot hold the thread or the memory. */
export const limits = { fields: 4_000_000, textBytes: 1 << 20, allTextBytes: 32 << 20, depth: 32 } as const;

/** Walks messages in the wire format (protobuf.dev, "Encoding") without touching the bytes of fields that nobody asks for. */
export class WireReader {
  readonly #source: ByteSource;
  #fieldsLeft: number = limits.fields;
  #textLeft: number = limits.allTextBytes;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** The fields of the message that fills [start, end), in file order. Throws MODEL_INVALID where they do not fit into it. */
  *fields(start: number, end: number): Generator<WireField> {
    let at = start;
    while (at < end) {
      if (this.#fieldsLeft-- === 0) throw broken(`it has more than ${limits.fields} fields`);
      const tag = this.#varint(at, end);
      const field = this.#field(tag.value, tag.end, end);
      yield field;
      at = field.end;
    }
  }

  /** The text of a field. Throws MODEL_INVALID above the limits; bytes that are no UTF-8 become U+FFFD. */
  text(field: WireField): string {
    const length = field.end - field.start;
    if (field.kind !== 'bytes') throw broken(`a text was expected at byte ${field.start}`);
    if (length > limits.textBytes) throw broken(`a name at byte ${field.start} has ${length} bytes`);
    this.#textLeft -= length;
    if (this.#textLeft < 0) throw broken(`its names have more than ${limits.allTextBytes} bytes in all`);
    return new TextDecoder().decode(this.#source.read(field.start, length));
  }

  #field(tag: number, at: number, end: number): WireField {
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (number < 1) throw broken(`a field at byte ${at} has the number ${number}`);
    if (wireType === 0) {
      const integer = this.#varint(at, end);
      return { number, kind: 'integer', value: integer.value, start: at, end: integer.end };
    }
    if (wireType === 2) {
      const length = this.#varint(at, end);
      return { number, kind: 'bytes', value: 0, start: length.end, end: within(length.end, length.value, end) };
    }
    if (wireType !== 1 && wireType !== 5) throw broken(`a field at byte ${at} has the wire type ${wireType}`);
    return { number, kind: 'fixed', value: 0, start: at, end: within(at, wireType === 1 ? 8 : 4, end) };
  }

  #varint(at: number, end: number): { readonly value: number; readonly end: number } {
    const bytes = this.#source.read(at, Math.min(10, end - at));
    const last = bytes.findIndex((byte) => byte < 128);
    if (last === -1) throw broken(`an integer at byte ${at} has no end`);
    let value = 0;
    for (let index = last; index >= 0; index--) value = value * 128 + ((bytes[index] ?? 0) & 127);
    // Ten bytes are a negative integer; a double would round it before the sign is known.
    return { value: last === 9 ? signedInteger(bytes) : value, end: at + last + 1 };
  }
}

function signedInteger(bytes: Uint8Array): number {
  const value = bytes.reduceRight((high, byte) => (high << 7n) | BigInt(byte & 127), 0n);
  return Number(BigInt.asIntN(64, value));
}

function within(start: number, length: number, end: number): number {
  if (length >= 0 && start + length <= end) return start + length;
  throw broken(`a field at byte ${start} has a length of ${length} where ${end - start} bytes are left`);
}

/** The failure of a file that is no ONNX model or is damaged. */
export function broken(reason: string): AppError {
  return new AppError('MODEL_INVALID', `The model file cannot be read: ${reason}. Expected a complete ONNX file.`);
}
