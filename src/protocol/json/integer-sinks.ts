import { datatypes, type NumericData, type NumericDatatype } from '../../tensor/datatype.js';
import { ascii, type JsonReader } from './reader.js';
import { ElementSink, readsOn, type ElementsDue } from './elements.js';
import { readIntegral, readPlainInteger } from './number.js';

type BigData = BigInt64Array | BigUint64Array;
type SmallData = Exclude<NumericData, BigData | Float32Array | Float64Array>;

/** Integers that a JSON array is to hold. */
export interface IntegersDue extends ElementsDue {
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
