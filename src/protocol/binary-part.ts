import { AppError } from '../errors.js';
import { arrayOf, datatypes, type Datatype } from '../tensor/datatype.js';
import type { Shape } from '../tensor/shape.js';
import type { NumericTensor, Tensor } from '../tensor/tensor.js';
import { decodeBytesElements } from './bytes-elements.js';

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

  /** Takes the next tensor's bytes. Numbers are copied into memory of their own, BYTES elements are views. */
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

/** Copies little-endian elements into an ArrayBuffer of exactly their size, whatever their alignment was. */
export function toNumericTensor(
  bytes: Uint8Array,
  { datatype, shape }: Pick<NumericTensor, 'datatype' | 'shape'>,
): NumericTensor {
  const buffer = new ArrayBuffer(bytes.length);
  new Uint8Array(buffer).set(bytes);
  return { datatype, shape, data: new (arrayOf(datatype))(buffer) };
}
