import { AppError } from '../errors.js';
import { fitsShape, formatShape } from '../tensor/shape.js';
import type { BytesElement, Tensor, TensorSpec } from '../tensor/tensor.js';
import type { ModelSignature } from './signature.js';
import type { InferRequest, RequestedOutput } from './types.js';

/** A request that fits its model: inputs in the model's order, BYTES as texts (pictures as bytes), every output named. */
export interface CheckedRequest extends InferRequest {
  /** Outputs to answer, in the order asked for; every one of the model's where none was. */
  readonly outputs: readonly RequestedOutput[];
  /** First dimension of every input; 1 where the model has no batch dimension. May be 0. */
  readonly rows: number;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Checks a request against its model, with the peers' words. Throws INVALID_INPUT. */
export function validateInferRequest(request: InferRequest, model: ModelSignature): CheckedRequest {
  checkInputNames(request, model);
  const inputs = new Map<string, Tensor>();
  let rows: number | undefined;
  for (const spec of model.inputs) {
    const tensor = checkInput(request.inputs.get(spec.name) as Tensor, spec, model);
    inputs.set(spec.name, tensor);
    if (model.maxRows === 0) continue;
    const own = tensor.shape[0] ?? 1;
    rows ??= checkRows(own, model);
    if (own !== rows) {
      fail(
        `input '${spec.name}' batch size does not match other inputs for '${model.name}': ${String(own)} rows, others have ${String(rows)}`,
      );
    }
  }
  return { ...request, inputs, outputs: checkOutputs(request, model), rows: rows ?? 1 };
}

function checkInputNames({ inputs }: InferRequest, model: ModelSignature): void {
  const declared = model.inputs.map(({ name }) => name);
  for (const name of inputs.keys()) {
    if (!declared.includes(name)) fail(`unexpected inference input '${name}' for model '${model.name}'`);
  }
  const missing = declared.filter((name) => !inputs.has(name));
  if (missing.length === 0) return;
  fail(
    `expected ${String(declared.length)} inputs but got ${String(inputs.size)} inputs for model '${model.name}'. ` +
      `Got input(s) ${quoteList([...inputs.keys()])}, but missing required input(s) ${quoteList(missing)}.` +
      ' Please provide all required input(s).',
  );
}

function quoteList(names: readonly string[]): string {
  return `[${names.map((name) => `'${name}'`).join(', ')}]`;
}

function checkInput(tensor: Tensor, spec: TensorSpec, model: ModelSignature): Tensor {
  const { name } = spec;
  if (tensor.datatype === 'BYTES' && model.imageInputs?.has(name) === true) return checkPictures(tensor, name);
  if (tensor.datatype !== spec.datatype) {
    fail(
      `inference input '${name}' data-type is '${tensor.datatype}', but model '${model.name}' expects '${spec.datatype}'`,
    );
  }
  if (!fitsShape(tensor.shape, spec.shape)) {
    fail(
      `unexpected shape for input '${name}' for model '${model.name}'. ` +
        `Expected ${formatShape(spec.shape)}, got ${formatShape(tensor.shape)}`,
    );
  }
  if (tensor.datatype !== 'BYTES') return tensor;
  return { ...tensor, data: tensor.data.map((element) => toText(element, name)) };
}

/** Pictures come as [rows] or [rows,1]. */
function checkPictures(tensor: Tensor, name: string): Tensor {
  const { shape } = tensor;
  if (shape.length === 1 || (shape.length === 2 && shape[1] === 1)) return tensor;
  return fail(`unexpected shape for input '${name}' of pictures. Expected [-1] or [-1,1], got ${formatShape(shape)}`);
}

function toText(element: BytesElement, name: string): string {
  const text = typeof element === 'string' ? element : decodeText(element, name);
  if (text.includes('\0'))
    fail(`an element of input '${name}' holds a NUL character, which the runtime would cut it at`);
  return text;
}

function decodeText(bytes: Uint8Array, name: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return fail(`an element of input '${name}' is not valid UTF-8, the only text that the runtime carries`);
  }
}

function checkRows(rows: number, model: ModelSignature): number {
  if (rows <= model.maxRows) return rows;
  return fail(
    `inference request batch-size must be <= ${String(model.maxRows)} for '${model.name}', got ${String(rows)}`,
  );
}

function checkOutputs({ outputs }: InferRequest, model: ModelSignature): readonly RequestedOutput[] {
  if (outputs.length === 0) return model.outputs.map(({ name }) => ({ name }));
  for (const { name } of outputs) {
    if (model.outputs.some((output) => output.name === name)) continue;
    fail(`unexpected inference output '${name}' for model '${model.name}'`);
  }
  return outputs;
}

function fail(message: string): never {
  throw new AppError('INVALID_INPUT', message);
}
