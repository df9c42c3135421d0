import { AppError } from '../../errors.js';
import type { Tensor } from '../../tensor/tensor.js';
import { BinaryPart } from '../v2/binary-part.js';
import type { ModelSignature, InferRequest, ParameterValue, RequestedOutput } from '../types.js';
import {
  createInputCheck,
  failOutput,
  validateInferRequest,
  type CheckedRequest,
  allInputs,
  createFinder,
} from '../validate.js';
import { findSequenceId } from '../sequence.js';
import { findUint, readParameter } from './parameters.js';
import { readContents } from './read-contents.js';
import { readWireInput, type WireInput } from './read-tensor.js';
import { readMessage, readText, wireType, type WireReader } from './wire.js';

/** What a ModelInferRequest is about, read before the model is known. */
export interface RequestHead {
  readonly model: string;
  /** Empty: the highest version that is ready. */
  readonly version: string;
  readonly id: string;
  readonly sequenceId: string | undefined;
  /** Bytes of the message without raw contents, which cost nothing to read. */
  readonly looseBytes: number;
}

/** Fields at the top of a message: a scan of more costs too much for what they can say. */
const mostFields = 65_536;

/** Reads which model a ModelInferRequest asks for, wherever in it that stands. Throws INVALID_INPUT. */
export function readRequestHead(bytes: Buffer): RequestHead {
  let [model, version, id] = ['', '', ''];
  const parameters = new Map<string, ParameterValue>();
  let looseBytes = bytes.length;
  let count = 0;
  readMessage(bytes, (field, type, reader) => {
    if (++count > mostFields) fail(`the request has more than ${mostFields} fields`);
    if (type !== wireType.bytes) return false;
    if (field === 1) model = readText(reader, 'model_name');
    else if (field === 2) version = readText(reader, 'model_version');
    else if (field === 3) id = readText(reader, 'id');
    else if (field === 4) readParameter(reader, 'the request', parameters);
    else if (field === 7) looseBytes -= reader.bytes().length;
    else return false;
    return true;
  });
  return { model, version, id, sequenceId: findSequenceId(parameters), looseBytes };
}

/** What was read of a message so far. */
interface Parts {
  id: string;
  readonly parameters: Map<string, ParameterValue>;
  readonly inputs: Map<string, WireInput>;
  readonly outputs: Map<string, RequestedOutput>;
  readonly raw: Uint8Array[];
}

/**
 * Decodes a ModelInferRequest with typed or raw contents and checks it against its model. Large aligned raw numbers and texts are views
 * on the message. Throws INVALID_INPUT; names, datatypes and shapes are checked before any element is read.
 */
export function decodeInferMessage(bytes: Buffer, model: ModelSignature): CheckedRequest {
  const parts: Parts = { id: '', parameters: new Map(), inputs: new Map(), outputs: new Map(), raw: [] };
  const readInput = createInputReader(parts, model);
  const readOutput = createOutputReader(parts, model);
  const mostRaw = allInputs(model).length;
  readMessage(bytes, (field, type, reader) => {
    if (type !== wireType.bytes) return false;
    if (field === 3) parts.id = readText(reader, 'id');
    else if (field === 4) readParameter(reader, 'the request', parts.parameters);
    else if (field === 5) readInput(reader);
    else if (field === 6) readOutput(reader);
    else if (field === 7) {
      if (parts.raw.push(reader.bytes()) > mostRaw)
        fail(`the request has more raw_input_contents than model '${model.name}' has inputs (${mostRaw})`);
    } else return false;
    return true;
  });
  return validateInferRequest(toRequest(parts, model), model);
}

function createInputReader({ inputs }: Parts, model: ModelSignature): (reader: WireReader) => void {
  const fits = createInputCheck(model);
  return (reader) => {
    const input = readWireInput(reader.bytes(), (header) => {
      if (inputs.has(header.name)) fail(`input '${header.name}' already exists in request`);
      fits(header);
    });
    inputs.set(input.name, input);
  };
}

/** Names that the model does not have, or that come twice, end the reading, as in JSON. */
function createOutputReader({ outputs }: Parts, model: ModelSignature): (reader: WireReader) => void {
  const find = createFinder(model.outputs);
  return (reader) => {
    let name = '';
    const parameters = new Map<string, ParameterValue>();
    readMessage(reader.bytes(), (field, type, message) => {
      if (field === 1 && type === wireType.bytes) name = readText(message, "an output's name");
      else if (field === 2 && type === wireType.bytes) readParameter(message, `output '${name}'`, parameters);
      else return false;
      return true;
    });
    if (outputs.has(name)) fail(`output '${name}' already exists in request`);
    if (find(name) === undefined) failOutput(name, model);
    const classes = findUint(parameters, 'classification');
    if (classes === 0) fail("parameter 'classification' must be 1 or more");
    outputs.set(name, classes === undefined ? { name } : { name, classes });
  };
}

function toRequest({ id, parameters, inputs, outputs, raw }: Parts, model: ModelSignature): InferRequest {
  if (raw.length > 0 && raw.length !== inputs.size)
    fail(`expected as many raw_input_contents as inputs (${inputs.size}) for model '${model.name}', got ${raw.length}`);
  const tensors = new Map<string, Tensor>();
  let index = 0;
  for (const [name, input] of inputs) tensors.set(name, readElements(input, raw[index++], model));
  const request = {
    inputs: tensors,
    outputs: [...outputs.values()],
    binaryOutput: true,
    timeoutUs: findUint(parameters, 'timeout') ?? 0,
    priority: findUint(parameters, 'priority') ?? 0,
    parameters,
  };
  return id === '' ? request : { id, ...request };
}

function readElements(input: WireInput, raw: Uint8Array | undefined, { name: model }: ModelSignature): Tensor {
  const { name, datatype, shape, count, contents } = input;
  if (raw === undefined) {
    if (contents.length === 0 && count > 0)
      fail(`unable to find data for input tensor '${name}' for model '${model}' in request.`);
    return readContents(input, model);
  }
  if (contents.length > 0)
    fail(`contents field must not be specified when using raw_input_contents for '${name}' for model '${model}'`);
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.length);
  return new BinaryPart(bytes, ` for model '${model}'`).take({ name, datatype, shape, count, size: raw.length });
}

function fail(message: string): never {
  throw new AppError('INVALID_INPUT', message);
}
