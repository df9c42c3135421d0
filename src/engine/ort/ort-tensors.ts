import { AppError } from '../../errors.js';
import { datatypes, findDatatypeByOrt, type Datatype, type NumericData } from '../../tensor/datatype.js';
import type { DeclaredShape } from '../../tensor/shape.js';
import type { BytesElement, NumericTensor, Tensor, TensorSpec } from '../../tensor/tensor.js';

/** A tensor in the runtime's own words: its element type, data (texts, or numbers in memory order) and dimensions. */
export interface OrtTensorParts {
  readonly type: string;
  readonly data: NumericData | readonly string[];
  readonly dims: readonly number[];
}

/** What the runtime declares of an input or output; `''` or a name stands for a variable dimension. */
export type OrtValueMetadata =
  | { readonly name: string; readonly isTensor: false }
  | {
      readonly name: string;
      readonly isTensor: true;
      readonly type: string;
      readonly shape: readonly (number | string)[];
    };

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Our tensor as the runtime takes it. Throws INVALID_INPUT for bytes that are not UTF-8: its texts can be nothing else. */
export function toOrt(name: string, tensor: Tensor): OrtTensorParts {
  const type = datatypes[tensor.datatype].ort;
  if (type === null) {
    throw new AppError(
      'INVALID_INPUT',
      `Input ${name} has datatype ${tensor.datatype}, which ONNX Runtime for Node.js cannot carry: export the model with FP32 or FP16 inputs.`,
      { details: { input: name, datatype: tensor.datatype } },
    );
  }
  if (tensor.datatype !== 'BYTES') return { type, data: tensor.data, dims: tensor.shape };
  return { type, data: tensor.data.map((element, index) => toText(element, { name, index })), dims: tensor.shape };
}

function toText(element: BytesElement, at: { readonly name: string; readonly index: number }): string {
  if (typeof element === 'string') return element;
  try {
    return utf8.decode(element);
  } catch (cause) {
    throw new AppError(
      'INVALID_INPUT',
      `Element ${at.index} of BYTES input ${at.name} (${element.byteLength} bytes) is not valid UTF-8, which the model's string type needs: send text, or give the model a UINT8 input for raw bytes.`,
      { details: { input: at.name, element: at.index }, cause },
    );
  }
}

/** The runtime's tensor as ours, without a copy where the memory is exactly the tensor's. */
export function fromOrt(name: string, { type, data, dims }: OrtTensorParts): Tensor {
  const datatype = datatypeOf(name, type);
  const shape = [...dims];
  if (datatype === 'BYTES') return { datatype, shape, data: data as readonly string[] };
  const view = data as NumericData;
  const Typed = datatypes[datatype].array;
  if (Typed === null) throw new TypeError(`No array holds ${datatype}.`);
  const exact = view.byteLength === view.buffer.byteLength ? view.buffer : copyOf(view);
  return { datatype, shape, data: view instanceof Typed && exact === view.buffer ? view : new Typed(exact) };
}

/** BF16 patterns as the FP32 of the same values. */
export function widen({ shape, data }: NumericTensor): NumericTensor {
  const bits = Uint32Array.from(data as Uint16Array, (pattern) => pattern << 16);
  return { datatype: 'FP32', shape, data: new Float32Array(bits.buffer) };
}

/** FP32 that were BF16 as their patterns: the half of each that is not zero. */
export function narrow({ shape, data }: NumericTensor): NumericTensor {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  return { datatype: 'BF16', shape, data: Uint16Array.from(bits, (pattern) => pattern >>> 16) };
}

function copyOf({ buffer, byteOffset, byteLength }: NumericData): ArrayBuffer {
  return buffer.slice(byteOffset, byteOffset + byteLength);
}

/** A declared input or output. Throws MODEL_INVALID for what is no tensor or has a type that cannot cross. */
export function toSpec(value: OrtValueMetadata): TensorSpec {
  if (!value.isTensor) {
    throw new AppError(
      'MODEL_INVALID',
      `Input ${value.name} is a sequence or a map; only tensors can be served: export the model with tensor inputs.`,
      { details: { input: value.name } },
    );
  }
  const shape: DeclaredShape = value.shape.map((dim) => (typeof dim === 'number' ? dim : -1));
  return { name: value.name, datatype: datatypeOf(value.name, value.type), shape };
}

function datatypeOf(name: string, ortType: string): Datatype {
  const datatype = findDatatypeByOrt(ortType);
  if (datatype !== undefined) return datatype;
  throw new AppError(
    'MODEL_INVALID',
    `Tensor ${name} has element type ${ortType}, which the protocol has no name for.`,
    {
      details: { tensor: name, ortType },
    },
  );
}
