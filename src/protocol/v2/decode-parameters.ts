import { ascii, type JsonReader } from '../json/reader.js';
import { readDouble, readIntegral } from '../json/number.js';
import { skipValue } from '../json/nesting.js';
import { toSequenceId } from '../sequence.js';
import { mostParameters, type ParameterValue } from '../types.js';

/** Parameters that mean something here: a value of the wrong kind is refused, never skipped. */
const understood: ReadonlySet<string> = new Set([
  'binary_data',
  'binary_data_output',
  'binary_data_size',
  'classification',
  'non_finite_tokens',
  'priority',
  'sequence_end',
  'sequence_id',
  'sequence_start',
  'timeout',
]);

/**
 * Reads a `parameters` object: strings, numbers and booleans; null is left out. Lists and objects, such as the headers that some
 * servers take, are skipped unless `isStrict`. A repeated or foreign reserved name is refused, and so is more than `mostParameters`.
 */
export function readParameters(reader: JsonReader, owner: string, isStrict = false): Map<string, ParameterValue> {
  const parameters = new Map<string, ParameterValue>();
  reader.readObject(`parameters of ${owner}`, (name) => {
    if (reader.takeNull()) return;
    if (parameters.has(name)) reader.fail(`parameter '${name}' of ${owner} appears twice`);
    if (name.startsWith('triton_')) {
      reader.fail(`parameter '${name}' of ${owner}: names starting with 'triton_' are reserved`);
    }
    if (parameters.size === mostParameters) reader.fail(`${owner} has more than ${String(mostParameters)} parameters`);
    if (name === 'shared_memory_region') reader.fail(`${owner}: shared memory is not supported: send the data itself`);
    const byte = reader.peek();
    const isNested = byte === ascii.openArray || byte === ascii.openObject;
    if (isNested && !isStrict && !understood.has(name)) skipValue(reader);
    else if (name === 'sequence_id' && isNumber(byte)) parameters.set(name, toSequenceId(readIntegral(reader)));
    else parameters.set(name, readValue(reader, `parameter '${name}' of ${owner}`));
  });
  findBoolean(reader, parameters, 'non_finite_tokens');
  return parameters;
}

const isNumber = (byte: number): boolean => byte === ascii.minus || (byte >= ascii.zero && byte <= ascii.nine);

function readValue(reader: JsonReader, what: string): ParameterValue {
  const byte = reader.peek();
  if (byte === ascii.quote) return reader.readString(what);
  if (isNumber(byte)) {
    const value = readDouble(reader);
    return Number.isFinite(value) ? value : reader.fail(`${what} is too large`);
  }
  if (reader.take('true')) return true;
  if (reader.take('false')) return false;
  return reader.fail(`${what} must be a string, a number or a boolean`);
}

/** A parameter that must be an unsigned integer; undefined when absent. */
export function findUint(
  reader: JsonReader,
  parameters: ReadonlyMap<string, ParameterValue>,
  name: string,
): number | undefined {
  const value = parameters.get(name);
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  return reader.fail(`parameter '${name}' must be an unsigned integer below 2^53, not ${JSON.stringify(value)},`);
}

/** A parameter that must be true or false; undefined when absent. */
export function findBoolean(
  reader: JsonReader,
  parameters: ReadonlyMap<string, ParameterValue>,
  name: string,
): boolean | undefined {
  const value = parameters.get(name);
  if (value === undefined || typeof value === 'boolean') return value;
  return reader.fail(`parameter '${name}' must be true or false, not ${JSON.stringify(value)},`);
}
