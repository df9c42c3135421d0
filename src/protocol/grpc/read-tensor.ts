import { AppError } from '../../errors.js';
import { datatypes, isDatatype, type Datatype } from '../../tensor/datatype.js';
import { mostDimensions } from '../../tensor/shape.js';
import { checkShape } from '../v2/decode-tensor.js';
import type { InputCheck } from '../validate.js';
import type { ParameterValue } from '../types.js';
import { readParameter } from './parameters.js';
import { readMessage, readRepeated, readText, wireType } from './wire.js';

/** An input as the message says it, checked against the model; its elements are not read yet. */
export interface WireInput {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** The shape's product. */
  readonly count: number;
  /** Encoded InferTensorContents, as views; several stand for their parts in turn. */
  readonly contents: readonly Uint8Array[];
}

/** Reads an InferInputTensor up to its elements. Throws INVALID_INPUT, what `check` throws included. */
export function readWireInput(bytes: Uint8Array, check: InputCheck): WireInput {
  let name = '';
  let datatype = '';
  const shape: number[] = [];
  const contents: Uint8Array[] = [];
  const parameters = new Map<string, ParameterValue>();
  readMessage(bytes, (field, type, reader) => {
    if (field === 1 && type === wireType.bytes) name = readText(reader, "an input's name");
    else if (field === 2 && type === wireType.bytes) datatype = readText(reader, "an input's datatype");
    else if (field === 3 && (type === wireType.bytes || type === wireType.varint)) {
      readRepeated(reader, type, () => {
        if (shape.push(Number(reader.int64())) > mostDimensions)
          fail(`input '${name}' has more than ${mostDimensions} dimensions`);
      });
    } else if (field === 4 && type === wireType.bytes) readParameter(reader, `input '${name}'`, parameters);
    else if (field === 5 && type === wireType.bytes) contents.push(reader.bytes());
    else return false;
    return true;
  });
  if (!isDatatype(datatype)) return failDatatype(datatype, name);
  const wrong = shape.find((dim) => dim < 0);
  if (wrong !== undefined)
    fail(`input '${name}' has shape [${shape.join(',')}]: every dimension must be an integer >= 0`);
  const count = checkShape(shape, { label: `input '${name}'`, datatype });
  check({ name, datatype, shape });
  return { name, datatype, shape, count, contents: contents.filter(({ length }) => length > 0) };
}

function failDatatype(datatype: string, name: string): never {
  return fail(
    `invalid datatype for input ${name}: '${datatype.slice(0, 100)}', expected one of ${Object.keys(datatypes).join(', ')}`,
  );
}

function fail(message: string): never {
  throw new AppError('INVALID_INPUT', message);
}
