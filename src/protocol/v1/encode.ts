import { AppError } from '../../errors.js';
import { elementsPerRow, formatShape } from '../../tensor/shape.js';
import type { NamedTensors, Tensor } from '../../tensor/tensor.js';
import { formatData, type DataTextOptions } from '../json/data-text.js';
import type { EncodedResponse } from '../types.js';
import type { PredictForm } from './decode.js';

/** One version of a model as the version 1 protocols report it. */
export interface VersionStatus {
  readonly version: string;
  readonly isReady: boolean;
  /** Why it is not ready. */
  readonly reason?: string;
}

/** The body of `GET /v1/models/{model}`: TensorFlow Serving's and KServe's fields side by side. */
export function modelStatusBody(name: string, versions: readonly VersionStatus[]): object {
  return {
    name,
    ready: versions.some(({ isReady }) => isReady),
    model_version_status: versions.map(({ version, isReady, reason = '' }) => ({
      version,
      state: isReady ? 'AVAILABLE' : reason === '' ? 'LOADING' : 'END',
      status: { error_code: reason === '' ? 'OK' : 'UNAVAILABLE', error_message: reason },
    })),
  };
}

/** What a model computed for a predict request, and the form of the answer. */
export interface PredictResponse {
  readonly form: PredictForm;
  /** Rows of the request: `predictions` has as many. */
  readonly rows: number;
  readonly outputs: NamedTensors;
  readonly nonFiniteTokens: boolean;
}

/** An output goes out as `{"b64": ...}` where its name ends so (TensorFlow Serving's rule). */
const binarySuffix = '_bytes';

/** Writes `{"predictions": [...]}` or `{"outputs": ...}`: nested arrays, one output bare, several by name. */
export function encodePredictResponse(response: PredictResponse): EncodedResponse {
  const { form, rows, outputs, nonFiniteTokens } = response;
  const columns = [...outputs].map(([name, tensor]) => {
    const isBinary = name.endsWith(binarySuffix);
    const options = { label: `output '${name}'`, nonFiniteTokens, halfNumbers: true, isBinary };
    return { name, tensor, options };
  });
  if (form === 'columns') {
    const values = columns.map(({ name, tensor, options }) => [name, formatNested(tensor, options)] as const);
    return { body: Buffer.from(`{"outputs":${formatNamed(values)}}`) };
  }
  for (const { name, tensor } of columns) checkRows(name, tensor, rows);
  const predictions = Array.from({ length: rows }, (_, row) =>
    formatNamed(columns.map(({ name, tensor, options }) => [name, formatNested(takeRow(tensor, row), options)])),
  );
  return { body: Buffer.from(`{"predictions":[${predictions.join(',')}]}`) };
}

function formatNamed(values: readonly (readonly [name: string, text: string])[]): string {
  const [only] = values;
  if (only !== undefined && values.length === 1) return only[1];
  return `{${values.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`;
}

function checkRows(name: string, { shape }: Tensor, rows: number): void {
  if (shape[0] === rows) return;
  throw new AppError(
    'INVALID_INPUT',
    `output '${name}' has shape ${formatShape(shape)}, not one entry for each of ${String(rows)} instances: send 'inputs' instead`,
  );
}

/** One entry of the first dimension, without it; a view. */
function takeRow(tensor: Tensor, row: number): Tensor {
  const shape = tensor.shape.slice(1);
  const size = elementsPerRow(tensor.shape);
  const [from, to] = [row * size, (row + 1) * size];
  return tensor.datatype === 'BYTES'
    ? { ...tensor, shape, data: tensor.data.slice(from, to) }
    : { ...tensor, shape, data: tensor.data.subarray(from, to) };
}

function formatNested(tensor: Tensor, options: DataTextOptions & { readonly isBinary: boolean }): string {
  const [first, ...rest] = tensor.shape;
  if (first !== undefined && rest.length > 0) {
    return `[${Array.from({ length: first }, (_, row) => formatNested(takeRow(tensor, row), options)).join(',')}]`;
  }
  const text =
    tensor.datatype === 'BYTES' && options.isBinary ? formatBase64(tensor.data) : formatData(tensor, options);
  return first === undefined ? text.slice(1, -1) : text;
}

function formatBase64(elements: readonly (string | Uint8Array)[]): string {
  return JSON.stringify(elements.map((element) => ({ b64: Buffer.from(element as Uint8Array).toString('base64') })));
}
