import { ascii, type JsonReader } from './reader.js';
import { ElementSink, readsOn, type ElementsDue } from './elements.js';
import { readNumber } from './number.js';

/** The smallest magnitudes that round to infinity: half a unit above each datatype's largest value. */
const limits = { FP16: 65_520, BF16: 2 ** 128 - 2 ** 119, FP32: 2 ** 128 - 2 ** 103, FP64: Infinity } as const;

/** Floating-point numbers that a JSON array is to hold. */
export interface FloatsDue extends ElementsDue {
  /** What the numbers have to fit into, whatever holds them for now. */
  readonly datatype: keyof typeof limits;
}

/**
 * Floating-point elements: numbers, the tokens NaN, Infinity and -Infinity, and `null` for NaN, which servers write where no token was
 * asked for. Literals that overflow are refused.
 */
export class FloatSink extends ElementSink {
  readonly #target: Float32Array | Float64Array;
  readonly #datatype: FloatsDue['datatype'];

  constructor(target: Float32Array | Float64Array, due: FloatsDue) {
    super(due);
    this.#target = target;
    this.#datatype = due.datatype;
  }

  readRun(reader: JsonReader): void {
    const target = this.#target;
    const { bytes } = reader;
    const isSingle = target instanceof Float32Array;
    const limit = limits[this.#datatype];
    let index = this.index;
    do {
      if (index >= target.length) this.failOverrun();
      const byte = bytes[reader.pos] as number;
      const isNumber = byte <= ascii.nine && (byte !== ascii.minus || bytes[reader.pos + 1] !== ascii.upperI);
      const value = isNumber ? readNumber(reader, isSingle) : this.#readToken(reader);
      if (isNumber && (value >= limit || value <= -limit)) this.#failOverflow(reader);
      target[index++] = value;
    } while (readsOn(reader));
    this.index = index;
  }

  #readToken(reader: JsonReader): number {
    if (reader.take('NaN')) return NaN;
    if (reader.take('Infinity')) return Infinity;
    if (reader.take('-Infinity')) return -Infinity;
    if (reader.take('null')) return NaN;
    return reader.fail(`${this.due.label}: expected a number`);
  }

  #failOverflow(reader: JsonReader): never {
    return reader.fail(`${this.due.label}: a number is too large for ${this.#datatype}`);
  }
}
