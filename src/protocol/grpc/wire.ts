import protobuf from 'protobufjs/minimal.js';
import { AppError, messageOf } from '../../errors.js';

/** Reads a message of Protocol Buffers. */
export type WireReader = protobuf.Reader;

/** Wire types of the encoding. */
export const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Reads the field at the reader's place, or answers false where it is not one of its own: it is skipped then. */
export type FieldReader = (field: number, type: number, reader: WireReader) => boolean;

/** Reads every field of a message in the order in which they stand. Throws INVALID_INPUT where the bytes are no message. */
export function readMessage(bytes: Uint8Array, readField: FieldReader): void {
  const reader = protobuf.Reader.create(bytes);
  try {
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (!readField(tag >>> 3, tag & 7, reader)) reader.skipType(tag & 7);
    }
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    throw new AppError('INVALID_INPUT', `the request is not a message of this method: ${messageOf(thrown)}`);
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A text. Throws INVALID_INPUT where its bytes are not UTF-8. */
export function readText(reader: WireReader, what: string): string {
  const start = reader.pos;
  const text = reader.string();
  // What could not be decoded stands as U+FFFD there, which may also be what was sent.
  if (!text.includes('\ufffd')) return text;
  reader.pos = start;
  try {
    return utf8.decode(reader.bytes());
  } catch {
    throw new AppError('INVALID_INPUT', `${what} is not valid UTF-8`);
  }
}

/** Adds what a field of repeated numbers holds, packed or one by one, by `readOne`. */
export function readRepeated(reader: WireReader, type: number, readOne: () => void): void {
  if (type !== wireType.bytes) {
    readOne();
    return;
  }
  const end = reader.uint32() + reader.pos;
  if (end > reader.len) throw new RangeError('a list reaches beyond the end');
  while (reader.pos < end) readOne();
  if (reader.pos > end) throw new RangeError('the last number of a list reaches beyond its end');
}
