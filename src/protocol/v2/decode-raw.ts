import { AppError } from '../../errors.js';
import { datatypes } from '../../tensor/datatype.js';
import { formatShape, type Shape } from '../../tensor/shape.js';
import type { Tensor, TensorSpec } from '../../tensor/tensor.js';
import { toNumericTensor } from './binary-part.js';
import type { ModelSignature, InferRequest } from '../types.js';

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
