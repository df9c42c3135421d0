import { AppError } from '../../errors.js';
import type { Tensor, TensorSpec } from '../../tensor/tensor.js';
import { BinaryPart, toNumericTensor } from './binary-part.js';
import { findBoolean, findUint, readParameters, readTensor, refuseRepeat, type TensorSource } from './decode-tensor.js';
import { JsonReader } from '../json/reader.js';
import { skipValue } from '../json/nesting.js';
import type { ModelSignature, InferRequest, Parameters, RequestedOutput } from '../types.js';
import { createInputCheck, type InputCheck, failOutput, createFinder } from '../validate.js';
import { datatypes } from '../../tensor/datatype.js';
import { formatShape, type Shape } from '../../tensor/shape.js';

/** A body as it came, decompressed; `headerLength` from `Inference-Header-Content-Length`, undefined without that header. */
export interface EncodedRequest {
  readonly body: Buffer;
  readonly headerLength?: number | undefined;
  /** FP16 and BF16 may come as numbers, for which the Open Inference Protocol has no JSON form. */
  readonly hasHalfNumbers?: boolean;
}

interface Fields {
  id?: string;
  parameters?: Parameters;
  inputs?: Map<string, Tensor>;
  outputs?: RequestedOutput[];
}

/**
 * Decodes an inference request of any form: JSON, JSON with binary tensors, raw. Numbers lie in ArrayBuffers of their own;
 * BYTES elements of a binary part are views on the body. Throws INVALID_INPUT: names, datatypes and shapes are checked against the
 * model before any element is read, but not whether every input is there.
 */
export function decodeInferRequest(request: EncodedRequest, model: ModelSignature): InferRequest {
  const { body, headerLength, hasHalfNumbers = false } = request;
  if (headerLength === undefined) {
    if (body.length === 0) throw new AppError('INVALID_INPUT', 'the request has no body: expected a JSON object');
    return readRequest(new JsonReader(body), { binary: undefined, model, hasHalfNumbers });
  }
  if (headerLength > body.length) {
    throw new AppError(
      'INVALID_INPUT',
      `Inference-Header-Content-Length is ${String(headerLength)}, but the body has only ${String(body.length)} bytes`,
    );
  }
  if (headerLength === 0) return decodeRawRequest(body, model);
  const binary = new BinaryPart(body.subarray(headerLength), ` for model '${model.name}'`);
  const decoded = readRequest(new JsonReader(body.subarray(0, headerLength)), { binary, model, hasHalfNumbers });
  binary.finish();
  return decoded;
}

/** What a request is read with. */
interface Reading extends Pick<TensorSource, 'binary' | 'hasHalfNumbers'> {
  readonly model: ModelSignature;
}

function readRequest(reader: JsonReader, reading: Reading): InferRequest {
  const fields: Fields = {};
  reader.readObject('the request', (key) => readField(reader, { key, fields, reading }));
  reader.finish();
  const { id, parameters = new Map(), inputs = new Map(), outputs = [] } = fields;
  if (inputs.size === 0 && reading.model.inputs.length > 0)
    throw new AppError('INVALID_INPUT', "the request has no 'inputs'");
  const decoded = {
    inputs,
    outputs,
    binaryOutput: findBoolean(reader, parameters, 'binary_data_output') ?? false,
    timeoutUs: findUint(reader, parameters, 'timeout') ?? 0,
    priority: findUint(reader, parameters, 'priority') ?? 0,
    parameters,
  };
  return id === undefined ? decoded : { id, ...decoded };
}

function readField(
  reader: JsonReader,
  { key, fields, reading }: { readonly key: string; readonly fields: Fields; readonly reading: Reading },
): void {
  if (reader.takeNull()) return;
  if (key === 'id') {
    refuseRepeat(reader, key, fields.id);
    fields.id = reader.readString("'id'");
  } else if (key === 'parameters') {
    refuseRepeat(reader, key, fields.parameters);
    fields.parameters = readParameters(reader, 'the request');
  } else if (key === 'inputs') {
    refuseRepeat(reader, key, fields.inputs);
    fields.inputs = readInputs(reader, reading);
  } else if (key === 'outputs') {
    refuseRepeat(reader, key, fields.outputs);
    fields.outputs = readOutputs(reader, reading.model);
  } else skipValue(reader);
}

function readInputs(reader: JsonReader, { model, binary, hasHalfNumbers }: Reading): Map<string, Tensor> {
  const inputs = new Map<string, Tensor>();
  const fits = createInputCheck(model);
  const check: InputCheck = (header) => {
    if (inputs.has(header.name))
      throw new AppError('INVALID_INPUT', `input '${header.name}' already exists in request`);
    fits(header);
  };
  const source: TensorSource = { role: 'input', binary, hasHalfNumbers, check };
  reader.readArray("'inputs'", () => {
    const [name, tensor] = readTensor(reader, source);
    inputs.set(name, tensor);
  });
  return inputs;
}

/** Names that the model does not have, or that come twice, end the reading: there are never more outputs than the model's. */
function readOutputs(reader: JsonReader, model: ModelSignature): RequestedOutput[] {
  const outputs = new Map<string, RequestedOutput>();
  const find = createFinder(model.outputs);
  reader.readArray("'outputs'", () => {
    const output = readOutput(reader);
    const { name } = output;
    if (outputs.has(name)) throw new AppError('INVALID_INPUT', `output '${name}' already exists in request`);
    if (find(name) === undefined) failOutput(name, model);
    outputs.set(name, output);
  });
  return [...outputs.values()];
}

function readOutput(reader: JsonReader): RequestedOutput {
  let name: string | undefined;
  let parameters: Parameters | undefined;
  reader.readObject('an output', (key) => {
    if (reader.takeNull()) return;
    if (key === 'name') {
      refuseRepeat(reader, key, name);
      name = reader.readString("'name'");
    } else if (key === 'parameters') {
      refuseRepeat(reader, key, parameters);
      parameters = readParameters(reader, 'an output');
    } else skipValue(reader);
  });
  if (name === undefined) return reader.fail("an output has no 'name'");
  return parameters === undefined ? { name } : { name, ...readOutputFlags(reader, parameters) };
}

function readOutputFlags(reader: JsonReader, parameters: Parameters): Pick<RequestedOutput, 'binary' | 'classes'> {
  const binary = findBoolean(reader, parameters, 'binary_data');
  const classes = findUint(reader, parameters, 'classification');
  if (classes === 0) reader.fail("parameter 'classification' must be 1 or more");
  return { ...(binary === undefined ? {} : { binary }), ...(classes === undefined ? {} : { classes }) };
}

/** Decodes a raw request (`Inference-Header-Content-Length: 0`): the whole body is one row of the model's only input. */
export function decodeRawRequest(body: Buffer, model: ModelSignature): InferRequest {
  const [input, ...more] = model.inputs;
  if (input === undefined || more.length > 0) {
    fail(`raw request needs a model with one input, but model '${model.name}' has ${String(model.inputs.length)}`);
  }
  const isImage = model.imageInputs?.has(input.name) ?? false;
  const tensor: Tensor =
    input.datatype === 'BYTES' || isImage
      ? { datatype: 'BYTES', shape: isImage ? [1] : bytesShape(input, model), data: [body] }
      : toNumericTensor(body, { datatype: input.datatype, shape: numericShape(input, body.length, model) });
  const inputs = new Map([[input.name, tensor]]);
  return { inputs, outputs: [], binaryOutput: true, timeoutUs: 0, priority: 0, parameters: new Map() };
}

/** The declared shape with a batch dimension of one row. */
function oneRow({ shape }: TensorSpec, { maxRows }: ModelSignature): Shape {
  return maxRows > 0 ? [1, ...shape.slice(1)] : shape;
}

function bytesShape(input: TensorSpec, model: ModelSignature): Shape {
  const shape = oneRow(input, model).map((dim) => (dim === -1 ? 1 : dim));
  if (shape.some((dim) => dim !== 1)) {
    fail(`raw request holds one element, but input '${input.name}' has shape ${formatShape(input.shape)}`);
  }
  return shape;
}

function numericShape(input: TensorSpec, size: number, model: ModelSignature): Shape {
  const shape = oneRow(input, model);
  const variable = shape.filter((dim) => dim === -1).length;
  if (variable > 1) {
    fail(
      `raw request needs an input with at most one variable dimension, but '${input.name}' has ${formatShape(input.shape)}`,
    );
  }
  const { bytes } = datatypes[input.datatype];
  const known = shape.reduce((product, dim) => (dim === -1 ? product : product * dim), bytes);
  if (variable === 0 ? size !== known : known === 0 || size % known !== 0) {
    fail(
      `input byte size mismatch for input '${input.name}' for model '${model.name}'. Expected ` +
        `${variable === 0 ? '' : 'a multiple of '}${String(known)}, got ${String(size)}`,
    );
  }
  return shape.map((dim) => (dim === -1 ? size / known : dim));
}

function fail(message: string): never {
  throw new AppError('INVALID_INPUT', message);
}
