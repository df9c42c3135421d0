import { AppError } from '../../errors.js';
import { arrayOf, datatypes, type Datatype } from '../../tensor/datatype.js';
import type { Shape } from '../../tensor/shape.js';
import type { NumericTensor, Tensor, BytesElement } from '../../tensor/tensor.js';

/** The header that says where a body's JSON part ends; in lower case, as Node gives it. */
export const headerLengthName = 'inference-header-content-length';

/** Parses that header: decimal digits only. Undefined without it: the whole body is JSON. */
export function parseHeaderLength(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const length = /^\d+$/.test(value) ? Number(value) : NaN;
  if (Number.isSafeInteger(length)) return length;
  throw new AppError(
    'INVALID_INPUT',
    `Unable to parse Inference-Header-Content-Length, got: ${value}. Expected the byte length of the JSON part`,
  );
}

/** A tensor whose elements come as `size` bytes; `count` is its shape's checked product. */
export interface BinaryHeader {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: Shape;
  readonly count: number;
  readonly size: number;
}

/** What follows the JSON part of a body: tensors back to back, taken in the order of the JSON list. */
export class BinaryPart {
  readonly #bytes: Buffer;
  readonly #owner: string;
  readonly #role: 'input' | 'output';
  #at = 0;

  /** `owner` ends messages: ` for model 'm'`, or nothing. */
  constructor(bytes: Buffer, owner: string, role: 'input' | 'output' = 'input') {
    this.#bytes = bytes;
    this.#owner = owner;
    this.#role = role;
  }

  /** Takes the next tensor's bytes. Large aligned numbers and BYTES elements are views on the body, other numbers a copy. */
  take(header: BinaryHeader): Tensor {
    const { name, datatype, shape, count, size } = header;
    const expected = count * datatypes[datatype].bytes;
    if (datatype !== 'BYTES' && size !== expected) {
      this.#fail(
        `${this.#role} byte size mismatch for ${this.#role} '${name}'${this.#owner}. Expected ${String(expected)}, got ${String(size)}`,
      );
    }
    const missing = this.#at + size - this.#bytes.length;
    if (missing > 0) {
      this.#fail(
        `unexpected size for ${this.#role} '${name}', expecting ${String(missing)} additional bytes${this.#owner}`,
      );
    }
    const bytes = this.#bytes.subarray(this.#at, this.#at + size);
    this.#at += size;
    if (datatype === 'BOOL' && bytes.some((byte) => byte > 1))
      this.#fail(`${this.#role} '${name}': a BOOL byte must be 0 or 1`);
    if (datatype !== 'BYTES') return toNumericTensor(bytes, { datatype, shape });
    return {
      datatype,
      shape,
      data: decodeBytesElements(bytes, { label: `${this.#role} '${name}'${this.#owner}`, count }),
    };
  }

  /** Checks that nothing is left over. */
  finish(): void {
    if (this.#at < this.#bytes.length) this.#fail(`unexpected additional ${this.#role} data${this.#owner}`);
  }

  #fail(message: string): never {
    throw new AppError('INVALID_INPUT', message);
  }
}

/** Below this a copy costs less than it saves; memory that Node shares between small Buffers lies below it too. */
const leastViewBytes = 16 * 1024;

/** Little-endian elements as a tensor: a view where they are many and lie aligned, else a copy in an ArrayBuffer of exactly their size. */
export function toNumericTensor(
  bytes: Buffer,
  { datatype, shape }: Pick<NumericTensor, 'datatype' | 'shape'>,
): NumericTensor {
  const Typed = arrayOf(datatype);
  const { buffer, byteOffset, length } = bytes;
  if (length >= leastViewBytes && byteOffset % Typed.BYTES_PER_ELEMENT === 0 && buffer instanceof ArrayBuffer) {
    return { datatype, shape, data: new Typed(buffer, byteOffset, length / Typed.BYTES_PER_ELEMENT) };
  }
  const copy = new ArrayBuffer(length);
  new Uint8Array(copy).set(bytes);
  return { datatype, shape, data: new Typed(copy) };
}

/** What messages say of a BYTES tensor on the wire: `input 'A' for model 'm'`, and how many elements its shape holds. */
export interface BytesDue {
  readonly label: string;
  readonly count: number;
}

const prefixBytes = 4;

/** Splits elements of a 4-byte little-endian length and that many bytes each; they are views on `bytes`, made once all are known to fit. */
function decodeBytesElements(bytes: Buffer, due: BytesDue): Uint8Array[] {
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
