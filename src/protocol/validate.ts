import { AppError } from '../errors.js';
import type { BytesElement, NumericTensor, Tensor, TensorSpec } from '../tensor/tensor.js';
import { type ModelSignature, type InferRequest, type RequestedOutput, type StateNames } from './types.js';
import { checkSharedDimensions } from './shared-dimensions.js';
import { readSequence, type SequenceStep } from './sequence.js';
import { countElements, fitsShape, formatShape, type DeclaredShape } from '../tensor/shape.js';

/** Texts of one tensor: each costs tens of bytes even where it is empty, whatever the body's size. */
const mostTexts = 1 << 20;

/** Images of one request, in every form that takes them. */
export const mostImages = 1024;

/** What a request says of an input before its elements are read: name, datatype and shape, which exists already. */
export type InputHeader = TensorSpec;

/** Checks what requests say of their inputs, in time that grows with their number alone. */
export type InputCheck = (header: InputHeader) => void;

/** A check against a model: the input exists, datatype and shape fit, and the elements are not too many. Throws INVALID_INPUT. */
export function createInputCheck(model: ModelSignature): InputCheck {
  const find = createFinder(allInputs(model));
  return (header) => {
    const spec = find(header.name);
    if (spec === undefined) return failUnknown(header.name, model);
    if (header.datatype === 'BYTES' && model.imageInputs?.has(header.name) === true) checkImages(header);
    else checkFit(header, spec, model);
  };
}

interface Declared {
  readonly shape: DeclaredShape;
  readonly unranked?: boolean | undefined;
}

/**
 * The shape of an input as clients are told it. Triton's know no tensor without a dimension beside that of the batch, and Triton tells them of one
 * (`reshape` in its model configuration): a scalar is [1], and `[-1]` with batches is [-1,1]. Requests may have either.
 */
export function toldShape({ shape, unranked }: Declared, maxRows: number): DeclaredShape {
  const isBatch = maxRows > 0 && shape.length === 1 && shape[0] === -1;
  return unranked !== true && (isBatch || shape.length === 0) ? [...shape, 1] : shape;
}

/** Every input, those that have to be given first. */
export function allInputs({ inputs, defaultedInputs = [] }: ModelSignature): readonly TensorSpec[] {
  return defaultedInputs.length === 0 ? inputs : [...inputs, ...defaultedInputs];
}

/** Lists up to this long are looked through faster than a Map is made. */
const few = 16;

/** Finds declared inputs or outputs by name, so that many names cost no more than their number. */
export function createFinder(specs: readonly TensorSpec[]): (name: string) => TensorSpec | undefined {
  if (specs.length <= few) return (name) => specs.find((spec) => spec.name === name);
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  return (name) => byName.get(name);
}

/** Refuses an input that the model does not have, with those that it has. */
export function failUnknown(name: string, model: ModelSignature): never {
  return fail(
    `unexpected inference input '${name}' for model '${model.name}', which has ${listNames(allInputs(model))}`,
  );
}

/** Names for a message: all of few, the first of many. */
export function listNames(specs: readonly { readonly name: string }[]): string {
  const shown = specs.slice(0, 10).map(({ name }) => `'${name.slice(0, 100)}'`);
  if (shown.length === 0) return 'none';
  return specs.length > 10 ? `${shown.join(', ')} and ${String(specs.length - 10)} more` : shown.join(', ');
}

function checkFit({ name, datatype, shape }: InputHeader, spec: TensorSpec, model: ModelSignature): void {
  if (datatype !== spec.datatype) {
    fail(`inference input '${name}' data-type is '${datatype}', but model '${model.name}' expects '${spec.datatype}'`);
  }
  const fits = spec.unranked === true || fitsShape(shape, spec.shape);
  if (!fits && !fitsShape(shape, toldShape(spec, model.maxRows))) {
    fail(
      `unexpected shape for input '${name}' for model '${model.name}'. ` +
        `Expected ${formatShape(spec.shape)}, got ${formatShape(shape)}`,
    );
  }
  // State begins empty.
  const problem = model.state?.inputs.has(name) === true ? undefined : emptyProblem(name, shape, model);
  if (problem !== undefined) {
    fail(
      `input '${name}' of shape ${formatShape(shape)} has no elements, and model '${model.name}' computes with ${problem}. ` +
        'Expected 1 or more in each dimension',
    );
  }
  if (datatype !== 'BYTES' || (countElements(shape) ?? Infinity) <= mostTexts) return;
  fail(`input '${name}' of shape ${formatShape(shape)} has more than ${String(mostTexts)} texts: send fewer at once`);
}

/** What the runtime does with a tensor without elements that is refused, behind the name of the operator. */
function emptyProblem(
  name: string,
  shape: readonly number[],
  { failsOnEmpty, takesEmptyCaches, emptySums, maxRows }: ModelSignature,
): string | undefined {
  const hasNone = (exempt: number) => shape.some((side, axis) => side === 0 && axis !== exempt);
  const cache = takesEmptyCaches === true && shape.length >= 4 ? shape.length - 2 : -1;
  if (failsOnEmpty !== undefined && hasNone(cache))
    return `${failsOnEmpty}, which ends the process of ONNX Runtime on such`;
  // No rows: nothing is added up over rows that are kept apart.
  if (emptySums?.inputs.includes(name) !== true || !hasNone(maxRows > 0 ? 0 : -1)) return undefined;
  return `${emptySums.operator}, of which ONNX Runtime then answers memory that nothing has written`;
}

/** Images come as [rows] or [rows,1]. */
function checkImages({ name, shape }: InputHeader): void {
  const [rows = 0, column = 1] = shape;
  if (shape.length === 0 || shape.length > 2 || column !== 1) {
    fail(`unexpected shape for input '${name}' of images. Expected [-1] or [-1,1], got ${formatShape(shape)}`);
  }
  if (rows > mostImages) fail(`input '${name}' has ${String(rows)} images, more than the ${mostImages} of one request`);
}

/** A request that fits its model: inputs in the model's order, BYTES as texts (images as bytes), every output named. */
export interface CheckedRequest extends InferRequest {
  /** Outputs to answer, in the order asked for; every one of the model's where none was. */
  readonly outputs: readonly RequestedOutput[];
  /** First dimension of its inputs, the largest; 1 where the model has no batch dimension. May be 0. */
  readonly rows: number;
  /**
   * Whether no other request may share its run: it gives a value for an input with a default, which goes for all of its rows, or its
   * inputs have different first dimensions, of which the model makes what it likes (broadcasting one row over many).
   */
  readonly isAlone: boolean;
  /** Of a model whose state the server keeps: which sequence's. Then `inputs` lack its state, unless a start brings it. */
  readonly sequence?: SequenceStep;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Checks a request against its model, with the peers' words. Throws INVALID_INPUT. */
export function validateInferRequest(request: InferRequest, model: ModelSignature): CheckedRequest {
  const sequence = model.state === undefined ? undefined : readSequence(request.parameters);
  const kept = sequence === undefined ? undefined : model.state;
  checkInputNames(request, model, kept);
  const check = createInputCheck(model);
  const inputs = new Map<string, Tensor>();
  let rows: number | undefined;
  let isUneven = false;
  const take = (spec: TensorSpec, tensor: Tensor): void => {
    check({ name: spec.name, datatype: tensor.datatype, shape: tensor.shape });
    inputs.set(spec.name, toElements(withOwnRank(tensor, spec), spec, model));
  };
  for (const spec of model.inputs) {
    const { name } = spec;
    const tensor = request.inputs.get(name);
    if (tensor === undefined) continue;
    if (sequence?.isStart === false && kept?.inputs.has(name) === true) failKept(name, sequence);
    take(spec, tensor);
    if (model.maxRows === 0) continue;
    const own = tensor.shape[0] ?? 1;
    rows ??= checkRows(own, model);
    if (own === rows) continue;
    if (model.maxRows !== Number.POSITIVE_INFINITY) failUneven(name, { own, rows, model });
    isUneven = true;
    rows = Math.max(rows, own);
  }
  const required = inputs.size;
  for (const spec of model.defaultedInputs ?? []) {
    const tensor = request.inputs.get(spec.name);
    if (tensor !== undefined) take(spec, tensor);
  }
  if (model.sharedDimensions !== undefined) checkSharedDimensions(inputs, model);
  const { id, binaryOutput, timeoutUs, priority, parameters } = request;
  const outputs = checkOutputs(request, model, kept);
  const isAlone = isUneven || inputs.size > required;
  // Written out: what overwrites fields that it spread is built, and read ever after, without the engine's inline caches.
  const plain = { inputs, outputs, rows: rows ?? 1, isAlone, binaryOutput, timeoutUs, priority, parameters };
  const checked = sequence === undefined ? plain : { ...plain, sequence };
  return id === undefined ? checked : { id, ...checked };
}

/** An input that came in the shape that clients are told, in the model's own. */
function withOwnRank(tensor: Tensor, { shape, unranked }: TensorSpec): Tensor {
  const isLonger = unranked !== true && tensor.shape.length === shape.length + 1;
  return isLonger ? { ...tensor, shape: tensor.shape.slice(0, -1) } : tensor;
}

/** Where `model.json` asks for batching, every request is rows. */
function failUneven(name: string, { own, rows, model }: { own: number; rows: number; model: ModelSignature }): never {
  return fail(
    `input '${name}' batch size does not match other inputs for '${model.name}': ${String(own)} rows, others have ${String(rows)}`,
  );
}

function checkInputNames({ inputs }: InferRequest, model: ModelSignature, kept: StateNames | undefined): void {
  const find = createFinder(allInputs(model));
  for (const name of inputs.keys()) {
    if (find(name) === undefined) failUnknown(name, model);
  }
  const missing = model.inputs
    .filter(({ name }) => !inputs.has(name) && kept?.inputs.has(name) !== true)
    .map(({ name }) => name);
  if (missing.length === 0) return;
  fail(
    `expected ${String(model.inputs.length)} inputs but got ${String(inputs.size)} inputs for model '${model.name}'. ` +
      `Got input(s) ${quoteList([...inputs.keys()])}, but missing required input(s) ${quoteList(missing)}.` +
      ` Please provide all required input(s)${missing.some((name) => model.state?.inputs.has(name)) ? ", or a 'sequence_id' for the server to keep those that are state" : ''}.`,
  );
}

function failKept(name: string, { id }: SequenceStep): never {
  return fail(
    `input '${name}' is state that the server keeps for sequence '${id}': leave it out, or give it with sequence_start to begin from it`,
  );
}

function quoteList(names: readonly string[]): string {
  return `[${names.map((name) => `'${name}'`).join(', ')}]`;
}

function toElements(tensor: Tensor, spec: TensorSpec, model: ModelSignature): Tensor {
  if (tensor.datatype !== 'BYTES') return checkRange(tensor, spec);
  if (model.imageInputs?.has(spec.name) === true) return tensor;
  return { ...tensor, data: tensor.data.map((element) => toText(element, spec.name)) };
}

/** Elements of a type that has fewer values than its datatype would be cut to it without a word. */
function checkRange(tensor: NumericTensor, { name, range }: TensorSpec): NumericTensor {
  if (range === undefined) return tensor;
  const [least, most] = range;
  const wrong = (tensor.data as Int8Array).find((value) => value < least || value > most);
  if (wrong === undefined) return tensor;
  return fail(
    `an element of input '${name}' is ${wrong}: expected ${least} to ${most}, the range of its type in the model`,
  );
}

function toText(element: BytesElement, name: string): string {
  const text = typeof element === 'string' ? element : decodeText(element, name);
  if (text.includes('\0'))
    fail(`an element of input '${name}' contains a NUL character, at which the runtime would cut it`);
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

/** Without a wish every output; but of a sequence those that are not state, where there are any. */
function checkOutputs(
  { outputs }: InferRequest,
  model: ModelSignature,
  kept: StateNames | undefined,
): readonly RequestedOutput[] {
  if (outputs.length === 0) {
    const results = kept === undefined ? [] : model.outputs.filter(({ name }) => !kept.outputs.has(name));
    return (results.length > 0 ? results : model.outputs).map(({ name }) => ({ name }));
  }
  const find = createFinder(model.outputs);
  for (const { name } of outputs) if (find(name) === undefined) failOutput(name, model);
  return outputs;
}

/** Refuses an output that the model does not have, with those that it has. */
export function failOutput(name: string, { name: model, outputs }: ModelSignature): never {
  return fail(`unexpected inference output '${name}' for model '${model}', which has ${listNames(outputs)}`);
}

function fail(message: string): never {
  throw new AppError('INVALID_INPUT', message);
}
