import { AppError } from '../../errors.js';
import type { BytesElement } from '../../tensor/tensor.js';

/** What messages say of a BYTES tensor on the wire: `input 'A' for model 'm'`, and how many elements its shape holds. */
export interface BytesDue {
  readonly label: string;
  readonly count: number;
}

const prefixBytes = 4;

/** Splits elements of a 4-byte little-endian length and that many bytes each; they are views on `bytes`, made once all are known to fit. */
export function decodeBytesElements(bytes: Buffer, due: BytesDue): Uint8Array[] {
  const found = countElements(bytes, due);
  if (found !== due.count) {
    fail(`expected ${String(due.count)} string elements for inference ${due.label}, got ${String(found)}`);
  }
  let at = 0;
  return Array.from({ length: found }, () => {
    const start = at + prefixBytes;
    at = start + bytes.readUInt32LE(at);
    return bytes.subarray(start, at);
  });
}

function countElements(bytes: Buffer, { label }: BytesDue): number {
  let count = 0;
  for (let at = 0; at < bytes.length; count++) {
    const left = bytes.length - at - prefixBytes;
    if (left < 0) fail(`incomplete string length for inference ${label}, expecting 4 bytes, ${String(left + 4)} left`);
    const length = bytes.readUInt32LE(at);
    if (length > left) {
      fail(
        `incomplete string data for inference ${label}, expecting string of length ${String(length)} but only ${String(left)} bytes available`,
      );
    }
    at += prefixBytes + length;
  }
  return count;
}

function fail(message: string): never {
  throw new AppError('INVALID_INPUT', message);
}

/** Writes elements in the wire form that `decodeBytesElements` reads; texts as UTF-8. */
export function encodeBytesElements(elements: readonly BytesElement[]): Buffer {
  const encoded = elements.map((element) => (typeof element === 'string' ? Buffer.from(element, 'utf8') : element));
  const size = encoded.reduce((sum, { length }) => sum + prefixBytes + length, 0);
  const out = Buffer.allocUnsafe(size);
  let at = 0;
  for (const element of encoded) {
    at = out.writeUInt32LE(element.length, at);
    out.set(element, at);
    at += element.length;
  }
  return out;
}
