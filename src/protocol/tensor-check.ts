import { AppError } from '../errors.js';
import { countElements, fitsShape, formatShape, type DeclaredShape } from '../tensor/shape.js';
import type { TensorSpec } from '../tensor/tensor.js';
import { allInputs, createFinder, type ModelSignature } from './types.js';

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
  if (model.failsOnEmpty !== undefined && shape.includes(0) && model.state?.inputs.has(name) !== true) {
    fail(
      `input '${name}' of shape ${formatShape(shape)} has no elements, and model '${model.name}' computes with ${model.failsOnEmpty}, ` +
        'which ends the process of ONNX Runtime on such. Expected 1 or more in each dimension',
    );
  }
  if (datatype !== 'BYTES' || (countElements(shape) ?? Infinity) <= mostTexts) return;
  fail(`input '${name}' of shape ${formatShape(shape)} has more than ${String(mostTexts)} texts: send fewer at once`);
}

/** Images come as [rows] or [rows,1]. */
function checkImages({ name, shape }: InputHeader): void {
  const [rows = 0, column = 1] = shape;
  if (shape.length === 0 || shape.length > 2 || column !== 1) {
    fail(`unexpected shape for input '${name}' of images. Expected [-1] or [-1,1], got ${formatShape(shape)}`);
  }
  if (rows > mostImages) fail(`input '${name}' has ${String(rows)} images, more than the ${mostImages} of one request`);
}

function fail(message: string): never {
  throw new AppError('INVALID_INPUT', message);
}
