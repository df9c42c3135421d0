import { AppError } from '../errors.js';
import type { Tensor } from '../tensor/tensor.js';
import { BinaryPart } from './binary-part.js';
import { findBoolean, findUint, readParameters } from './decode-parameters.js';
import { decodeRawRequest } from './decode-raw.js';
import { readTensor, refuseRepeat, type TensorSource } from './decode-tensor.js';
import { JsonReader } from './json/reader.js';
import { skipValue } from './json/skip.js';
import type { ModelSignature } from './signature.js';
import type { InferRequest, Parameters, RequestedOutput } from './types.js';

/** A body as it came, decompressed; `headerLength` from `Inference-Header-Content-Length`, undefined without that header. */
export interface EncodedRequest {
  readonly body: Buffer;
  readonly headerLength?: number | undefined;
}

interface Fields {
  id?: string;
  parameters?: Parameters;
  inputs?: Map<string, Tensor>;
  outputs?: RequestedOutput[];
}

/**
 * Decodes an inference request of any form: JSON, JSON with binary tensors, raw. Numbers lie in ArrayBuffers of their own;
 * BYTES elements of a binary part are views on the body. Throws INVALID_INPUT. Not yet checked against the model, which
 * gives messages its name and a raw request its shape.
 */
export function decodeInferRequest(request: EncodedRequest, model: ModelSignature): InferRequest {
  const { body, headerLength } = request;
  if (headerLength === undefined) {
    if (body.length === 0) throw new AppError('INVALID_INPUT', 'the request has no body: expected a JSON object');
    return readRequest(new JsonReader(body), undefined);
  }
  if (headerLength > body.length) {
    throw new AppError(
      'INVALID_INPUT',
      `Inference-Header-Content-Length is ${String(headerLength)}, but the body has only ${String(body.length)} bytes`,
    );
  }
  if (headerLength === 0) return decodeRawRequest(body, model);
  const binary = new BinaryPart(body.subarray(headerLength), ` for model '${model.name}'`);
  const decoded = readRequest(new JsonReader(body.subarray(0, headerLength)), binary);
  binary.finish();
  return decoded;
}

function readRequest(reader: JsonReader, binary: BinaryPart | undefined): InferRequest {
  const fields: Fields = {};
  const source: TensorSource = { role: 'input', binary };
  reader.readObject('the request', (key) => readField(reader, { key, fields, source }));
  reader.finish();
  const { id, parameters = new Map(), inputs, outputs = [] } = fields;
  if (inputs === undefined || inputs.size === 0) throw new AppError('INVALID_INPUT', "the request has no 'inputs'");
  return {
    ...(id === undefined ? {} : { id }),
    inputs,
    outputs,
    binaryOutput: findBoolean(reader, parameters, 'binary_data_output') ?? false,
    timeoutUs: findUint(reader, parameters, 'timeout') ?? 0,
    priority: findUint(reader, parameters, 'priority') ?? 0,
    parameters,
  };
}

function readField(
  reader: JsonReader,
  { key, fields, source }: { readonly key: string; readonly fields: Fields; readonly source: TensorSource },
): void {
  if (key === 'id') {
    refuseRepeat(reader, key, fields.id);
    fields.id = reader.readString("'id'");
  } else if (key === 'parameters') {
    refuseRepeat(reader, key, fields.parameters);
    fields.parameters = readParameters(reader, 'the request');
  } else if (key === 'inputs') {
    refuseRepeat(reader, key, fields.inputs);
    fields.inputs = readInputs(reader, source);
  } else if (key === 'outputs') {
    refuseRepeat(reader, key, fields.outputs);
    fields.outputs = readOutputs(reader);
  } else skipValue(reader);
}

function readInputs(reader: JsonReader, source: TensorSource): Map<string, Tensor> {
  const inputs = new Map<string, Tensor>();
  reader.readArray("'inputs'", () => {
    const [name, tensor] = readTensor(reader, source);
    if (inputs.has(name)) throw new AppError('INVALID_INPUT', `input '${name}' already exists in request`);
    inputs.set(name, tensor);
  });
  return inputs;
}

function readOutputs(reader: JsonReader): RequestedOutput[] {
  const outputs: RequestedOutput[] = [];
  reader.readArray("'outputs'", () => {
    const output = readOutput(reader);
    if (outputs.some(({ name }) => name === output.name)) {
      throw new AppError('INVALID_INPUT', `output '${output.name}' already exists in request`);
    }
    outputs.push(output);
  });
  return outputs;
}

function readOutput(reader: JsonReader): RequestedOutput {
  let name: string | undefined;
  let parameters: Parameters | undefined;
  reader.readObject('an output', (key) => {
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
