import { ascii, type JsonReader } from './reader.js';
import { ElementSink, readsOn, type ElementsDue } from './elements.js';
import { readNumber, readIntegral, readPlainInteger } from './number.js';
import type { BytesElement } from '../../tensor/tensor.js';
import { datatypes, type NumericData, type NumericDatatype } from '../../tensor/datatype.js';

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

/** BOOL elements: `true` and `false` only. */
export class BooleanSink extends ElementSink {
  readonly #target: Uint8Array;

  constructor(target: Uint8Array, due: ElementsDue) {
    super(due);
    this.#target = target;
  }

  readRun(reader: JsonReader): void {
    do {
      if (this.index >= this.due.count) this.failOverrun();
      this.#target[this.index++] = reader.readBoolean(`${this.due.label}: an element of datatype BOOL`) ? 1 : 0;
    } while (readsOn(reader));
  }
}

/** BYTES elements: strings, and `{"b64": "..."}` objects where the protocol has them. */
export class TextSink extends ElementSink {
  readonly #target: BytesElement[];
  readonly #hasBase64: boolean;

  constructor(target: BytesElement[], due: ElementsDue & { readonly hasBase64: boolean }) {
    super(due);
    this.#target = target;
    this.#hasBase64 = due.hasBase64;
  }

  readRun(reader: JsonReader): void {
    do {
      if (this.index >= this.due.count) this.failOverrun();
      const isObject = this.#hasBase64 && reader.peek() === ascii.openObject;
      this.#target[this.index++] = isObject ? readBase64(reader) : reader.readString(`${this.due.label}: an element`);
    } while (readsOn(reader));
  }
}

/** Reads `{"b64": "<base64>"}`. */
function readBase64(reader: JsonReader): Uint8Array {
  let bytes: Uint8Array | undefined;
  reader.readObject('a binary string', (key) => {
    if (key !== 'b64' || bytes !== undefined) reader.fail("a binary string has one key, 'b64', once");
    const text = reader.readString("'b64'");
    if (!base64.test(text)) reader.fail("'b64' is not valid base64");
    bytes = Buffer.from(text, 'base64');
  });
  return bytes ?? reader.fail("a binary string has no 'b64'");
}

const base64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

type BigData = BigInt64Array | BigUint64Array;
type SmallData = Exclude<NumericData, BigData | Float32Array | Float64Array>;

/** Integers that a JSON array is to hold. */
interface IntegersDue extends ElementsDue {
  readonly datatype: NumericDatatype;
}

interface Range {
  readonly min: bigint;
  readonly max: bigint;
}

const ranges = new Map<NumericDatatype, Range>();

/** Least and most of a datatype, calculated once. */
function rangeOf(datatype: NumericDatatype): Range {
  let range = ranges.get(datatype);
  if (range === undefined) {
    const { kind, bytes } = datatypes[datatype];
    const bits = BigInt(bytes * 8);
    const half = 2n ** (bits - 1n);
    range = kind === 'uint' ? { min: 0n, max: 2n * half - 1n } : { min: -half, max: half - 1n };
    ranges.set(datatype, range);
  }
  return range;
}

/** What integer sinks share: the datatype's range, and the slow, exact way to read an element. */
abstract class IntegerSink extends ElementSink {
  protected readonly min: bigint;
  protected readonly max: bigint;
  readonly #datatype: NumericDatatype;

  constructor(due: IntegersDue) {
    super(due);
    this.#datatype = due.datatype;
    ({ min: this.min, max: this.max } = rangeOf(due.datatype));
  }

  /** Reads any literal that is an integer in range, or says what stands there instead. */
  protected readExactly(reader: JsonReader): bigint {
    const start = reader.pos;
    const first = reader.bytes[start];
    const isNumber = first === ascii.minus || (first !== undefined && first >= ascii.zero && first <= ascii.nine);
    if (!isNumber) reader.fail(`${this.due.label}: expected an integer for datatype ${this.#datatype}`);
    const value = readIntegral(reader);
    if (typeof value === 'bigint' && value >= this.min && value <= this.max) return value;
    reader.pos = start;
    const range = `${String(this.min)} to ${String(this.max)}`;
    const shown = String(value).slice(0, 40);
    return reader.fail(`${this.due.label}: ${shown} is not an integer in the range of ${this.#datatype} (${range})`);
  }
}

/** Elements of up to 32 bits. */
export class SmallIntegerSink extends IntegerSink {
  readonly #target: SmallData;

  constructor(target: SmallData, due: IntegersDue) {
    super(due);
    this.#target = target;
  }

  readRun(reader: JsonReader): void {
    const target = this.#target;
    const [min, max] = [Number(this.min), Number(this.max)];
    let index = this.index;
    do {
      if (index >= target.length) this.failOverrun();
      const start = reader.pos;
      let value = readPlainInteger(reader);
      if (value === undefined || value < min || value > max) {
        reader.pos = start;
        value = Number(this.readExactly(reader));
      }
      target[index++] = value;
    } while (readsOn(reader));
    this.index = index;
  }
}

/** INT64 and UINT64 elements, exact. */
export class BigIntegerSink extends IntegerSink {
  readonly #target: BigData;
  /** The same memory as low and high halves: no BigInt is made for the many small values. */
  readonly #halves: Int32Array;

  constructor(target: BigData, due: IntegersDue) {
    super(due);
    this.#target = target;
    this.#halves = new Int32Array(target.buffer);
  }

  readRun(reader: JsonReader): void {
    const target = this.#target;
    const halves = this.#halves;
    const min = Number(this.min);
    let index = this.index;
    do {
      if (index >= target.length) this.failOverrun();
      const start = reader.pos;
      const plain = readPlainInteger(reader);
      if (plain !== undefined && plain >= min) {
        halves[2 * index] = plain | 0;
        halves[2 * index + 1] = Math.floor(plain / 2 ** 32);
      } else {
        reader.pos = start;
        target[index] = this.readExactly(reader);
      }
      index++;
    } while (readsOn(reader));
    this.index = index;
  }
}
