import { AppError } from '../../errors.js';
import { mostParameters, type ParameterValue, type Parameters } from '../types.js';
import { readMessage, readText, wireType, type WireReader } from './wire.js';

/** Asks a server of streams to mark the last response of a request, which is done here for every response. */
const markFinal = 'triton_enable_empty_final_response';

/** Reads one entry of a `parameters` map into those read before; of a repeated name the last one counts, as in every map of this encoding. */
export function readParameter(reader: WireReader, owner: string, parameters: Map<string, ParameterValue>): void {
  let name = '';
  let value: ParameterValue | undefined;
  readMessage(reader.bytes(), (field, type, entry) => {
    if (type !== wireType.bytes) return false;
    if (field === 1) name = readText(entry, `a parameter's name of ${owner}`);
    else if (field === 2) value = readChoice(entry.bytes(), `parameter '${name}' of ${owner}`);
    else return false;
    return true;
  });
  if (name.startsWith('triton_') && name !== markFinal)
    fail(`parameter '${name}' of ${owner}: names starting with 'triton_' are reserved`);
  if (name === 'shared_memory_region') fail(`${owner}: shared memory is not supported: send the data itself`);
  if (value !== undefined) parameters.set(name, value);
  if (parameters.size > mostParameters) fail(`${owner} has more than ${mostParameters} parameters`);
}

/** The field of an InferParameter that is set last. */
function readChoice(bytes: Uint8Array, what: string): ParameterValue | undefined {
  let value: ParameterValue | undefined;
  readMessage(bytes, (field, type, reader) => {
    if (field === 1 && type === wireType.varint) value = reader.bool();
    else if (field === 2 && type === wireType.varint) value = toExact(reader.int64());
    else if (field === 3 && type === wireType.bytes) value = readText(reader, what);
    else if (field === 4 && type === wireType.fixed64) value = reader.double();
    else if (field === 5 && type === wireType.varint) value = toExact(reader.uint64());
    else return false;
    return true;
  });
  return value;
}

/** An integer beyond what numbers hold exactly is its digits: of the parameters with a meaning only ids can be that large. */
function toExact(value: unknown): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

/** A parameter that must be an unsigned integer; undefined when absent. */
export function findUint(parameters: Parameters, name: string): number | undefined {
  const value = parameters.get(name);
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  return fail(`parameter '${name}' must be an unsigned integer below 2^53, not ${JSON.stringify(value)}`);
}

function fail(message: string): never {
  throw new AppError('INVALID_INPUT', message);
}
