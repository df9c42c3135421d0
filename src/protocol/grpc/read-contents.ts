import { AppError } from '../../errors.js';
import {
  arrayOf,
  datatypes,
  type Datatype,
  type DatatypeKind,
  type NumericData,
  type NumericDatatype,
} from '../../tensor/datatype.js';
import { formatShape } from '../../tensor/shape.js';
import type { NumericTensor, Tensor } from '../../tensor/tensor.js';
import type { WireInput } from './read-tensor.js';
import { readMessage, readRepeated, wireType, type WireReader } from './wire.js';

/** Fields of InferTensorContents by number. */
const fields = [
  'none',
  'bool_contents',
  'int_contents',
  'int64_contents',
  'uint_contents',
  'uint64_contents',
  'fp32_contents',
  'fp64_contents',
  'bytes_contents',
] as const;

type Field = (typeof fields)[number];

/** Which field holds the elements of a datatype; half floats have none. */
function fieldOf(datatype: Datatype): Field {
  const { kind, bytes } = datatypes[datatype];
  const table: Readonly<Record<DatatypeKind, Field>> = {
    bool: 'bool_contents',
    int: bytes === 8 ? 'int64_contents' : 'int_contents',
    uint: bytes === 8 ? 'uint64_contents' : 'uint_contents',
    float: bytes === 8 ? 'fp64_contents' : 'fp32_contents',
    half: 'none',
    bytes: 'bytes_contents',
  };
  return table[kind];
}

/** Elements that came in `contents`, in memory of their own (texts: views). Throws INVALID_INPUT. */
export function readContents(input: WireInput, model: string): Tensor {
  const { name, datatype, shape } = input;
  const field = fieldOf(datatype);
  if (field === 'none' && input.contents.length > 0)
    fail(
      `receiving ${datatype} data in 'contents' is not supported. Please use raw_input_contents for input '${name}'`,
    );
  const read = (target: Target): void => {
    for (const part of input.contents) {
      readMessage(part, (number, type, reader) => {
        const found = fields[number];
        if (found === undefined || number === 0) return false;
        if (found !== field) refuseField(reader, type, { input, model, found, field });
        else if (field === 'bytes_contents') target.readText(reader);
        else readRepeated(reader, type, () => target.readNumber(reader));
        return true;
      });
    }
  };
  if (datatype === 'BYTES') {
    const data: Uint8Array[] = [];
    read({
      readText: (reader) => {
        if (data.length === input.count) failCount(input, field, 'more');
        data.push(reader.bytes());
      },
      readNumber: () => undefined,
    });
    if (data.length < input.count) failCount(input, field, String(data.length));
    return { datatype, shape, data };
  }
  return readNumbers({ ...input, datatype }, field, read);
}

/** Where elements go. */
interface Target {
  readonly readText: (reader: WireReader) => void;
  readonly readNumber: (reader: WireReader) => void;
}

function readNumbers(
  input: WireInput & { readonly datatype: NumericDatatype },
  field: Field,
  read: (target: Target) => void,
): NumericTensor {
  const { datatype, shape, count, contents } = input;
  // Every element takes a byte at least: nothing is allocated for more than could be there.
  const bytes = contents.reduce((sum, { length }) => sum + length, 0);
  if (count > bytes) failCount(input, field, 'fewer');
  const data = new (arrayOf(datatype))(count);
  let index = 0;
  const put = createPut(data, input);
  read({
    readText: () => undefined,
    readNumber: (reader) => {
      if (index === count) failCount(input, field, 'more');
      put(index++, reader);
    },
  });
  if (index < count) failCount(input, field, String(index));
  return { datatype, shape, data };
}

/** Writes the element at the reader's place. */
type Put = (index: number, reader: WireReader) => void;

function createPut(data: NumericData, { name, datatype }: WireInput): Put {
  if (data instanceof Float32Array) return (index, reader) => (data[index] = reader.float());
  if (data instanceof Float64Array) return (index, reader) => (data[index] = reader.double());
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    const halves = new Int32Array(data.buffer);
    return (index, reader) => {
      // Both halves as they come: no BigInt is made for each element.
      const { low, high } = reader.uint64() as unknown as { readonly low: number; readonly high: number };
      halves[2 * index] = low;
      halves[2 * index + 1] = high;
    };
  }
  if (datatype === 'BOOL') return (index, reader) => (data[index] = reader.bool() ? 1 : 0);
  const isSigned = datatypes[datatype].kind === 'int';
  return (index, reader) => {
    const value = isSigned ? reader.int32() : reader.uint32();
    data[index] = value;
    if (data[index] !== value) failRange(name, datatype, value);
  };
}

function failRange(name: string, datatype: Datatype, value: number): never {
  const { kind, bytes } = datatypes[datatype];
  const half = 2 ** (bytes * 8 - 1);
  const range = kind === 'int' ? `${-half} to ${half - 1}` : `0 to ${2 * half - 1}`;
  return fail(`input '${name}': ${value} is not an integer in the range of ${datatype} (${range})`);
}

/** What a wrong field stands for. */
interface Misplaced {
  readonly input: WireInput;
  readonly model: string;
  readonly found: Field;
  readonly field: Field;
}

/** A field of another type may be there, as some clients write them all, but must be empty. */
function refuseField(reader: WireReader, type: number, { input, model, found, field }: Misplaced): void {
  const isEmpty = type === wireType.bytes && found !== 'bytes_contents' && reader.bytes().length === 0;
  if (isEmpty) return;
  fail(
    `unexpected explicit tensor data for input tensor '${input.name}' for model '${model}' of type '${input.datatype}': got ${found}, expected ${field}`,
  );
}

function failCount({ name, shape, count }: WireInput, field: Field, found: string): never {
  return fail(
    `input '${name}': shape does not match true shape of '${field}': ${formatShape(shape)} holds ${count} elements, '${field}' has ${found}`,
  );
}

function fail(message: string): never {
  throw new AppError('INVALID_INPUT', message);
}
