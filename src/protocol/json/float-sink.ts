import { ascii } from './ascii.js';
import { ElementSink, readsOn, type ElementsDue } from './elements.js';
import { readNumber } from './number.js';
import type { JsonReader } from './reader.js';

/** The smallest magnitude that rounds to Infinity in FP32: half a unit above its largest value. */
const singleLimit = 2 ** 128 - 2 ** 103;

export interface FloatsDue extends ElementsDue {
  /** `null` stands for NaN: what a server writes unless asked for tokens. */
  readonly nullAsNaN: boolean;
}

/** FP32 and FP64 elements: numbers, and the tokens NaN, Infinity and -Infinity. Literals that overflow are refused. */
export class FloatSink extends ElementSink {
  readonly #target: Float32Array | Float64Array;
  readonly #nullAsNaN: boolean;

  constructor(target: Float32Array | Float64Array, due: FloatsDue) {
    super(due);
    this.#target = target;
    this.#nullAsNaN = due.nullAsNaN;
  }

  readRun(reader: JsonReader): void {
    const target = this.#target;
    const { bytes } = reader;
    const isSingle = target instanceof Float32Array;
    const limit = isSingle ? singleLimit : Infinity;
    let index = this.index;
    do {
      if (index >= target.length) this.failOverrun();
      const byte = bytes[reader.pos] as number;
      const isNumber = byte <= ascii.nine && (byte !== ascii.minus || bytes[reader.pos + 1] !== ascii.upperI);
      const value = isNumber ? readNumber(reader, isSingle) : this.#readToken(reader);
      if (isNumber && (value >= limit || value <= -limit)) this.#failOverflow(reader, isSingle);
      target[index++] = value;
    } while (readsOn(reader));
    this.index = index;
  }

  #readToken(reader: JsonReader): number {
    if (reader.take('NaN')) return NaN;
    if (reader.take('Infinity')) return Infinity;
    if (reader.take('-Infinity')) return -Infinity;
    if (this.#nullAsNaN && reader.take('null')) return NaN;
    return reader.fail(`${this.due.label}: expected a number`);
  }

  #failOverflow(reader: JsonReader, isSingle: boolean): never {
    return reader.fail(`${this.due.label}: a number is too large for ${isSingle ? 'FP32' : 'FP64'}`);
  }
}
