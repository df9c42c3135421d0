/** Tensor datatypes by their protocol names (Open Inference Protocol, "Tensor Data Types"; BF16 is Triton's addition). */
export type Datatype =
  | 'BOOL'
  | 'UINT8'
  | 'UINT16'
  | 'UINT32'
  | 'UINT64'
  | 'INT8'
  | 'INT16'
  | 'INT32'
  | 'INT64'
  | 'FP16'
  | 'BF16'
  | 'FP32'
  | 'FP64'
  | 'BYTES';

/** The datatypes of numbers and booleans. */
export type NumericDatatype = Exclude<Datatype, 'BYTES'>;

/** Elements of a tensor that is not BYTES. BOOL is one byte an element, FP16 and BF16 are raw 16-bit patterns. */
export type NumericData =
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

/** The arrays that hold them. */
export type NumericArrayConstructor = (
  | typeof Uint8Array
  | typeof Uint16Array
  | typeof Uint32Array
  | typeof BigUint64Array
  | typeof Int8Array
  | typeof Int16Array
  | typeof Int32Array
  | typeof BigInt64Array
  | typeof Float32Array
  | typeof Float64Array
) & {
  new (length: number): NumericData;
  new (buffer: ArrayBuffer, byteOffset?: number, length?: number): NumericData;
};

/** How JSON writes an element, and what it may be. */
export type DatatypeKind = 'bool' | 'uint' | 'int' | 'float' | 'half' | 'bytes';

/** A row of the table of datatypes. */
export interface DatatypeInfo {
  readonly kind: DatatypeKind;
  /** Bytes an element; 0 for BYTES, whose elements vary. */
  readonly bytes: number;
  /** ONNX Runtime's name of the element type; null where onnxruntime-node carries none. */
  readonly ort: string | null;
  /** TensorProto.DataType of onnx.proto. */
  readonly onnx: number;
  /** ModelConfig's name in proto-JSON. */
  readonly config: string;
  readonly array: NumericArrayConstructor | null;
}

const row = (
  names: readonly [kind: DatatypeKind, ort: string | null, config: string],
  [bytes, onnx]: readonly [bytes: number, onnx: number],
  array: unknown,
): DatatypeInfo => ({
  kind: names[0],
  ort: names[1],
  config: names[2],
  bytes,
  onnx,
  array: array as NumericArrayConstructor | null,
});

/** The one table of datatypes: protocol name, ORT name, TypedArray, bytes. */
export const datatypes: Readonly<Record<Datatype, DatatypeInfo>> = {
  BOOL: row(['bool', 'bool', 'TYPE_BOOL'], [1, 9], Uint8Array),
  UINT8: row(['uint', 'uint8', 'TYPE_UINT8'], [1, 2], Uint8Array),
  UINT16: row(['uint', 'uint16', 'TYPE_UINT16'], [2, 4], Uint16Array),
  UINT32: row(['uint', 'uint32', 'TYPE_UINT32'], [4, 12], Uint32Array),
  UINT64: row(['uint', 'uint64', 'TYPE_UINT64'], [8, 13], BigUint64Array),
  INT8: row(['int', 'int8', 'TYPE_INT8'], [1, 3], Int8Array),
  INT16: row(['int', 'int16', 'TYPE_INT16'], [2, 5], Int16Array),
  INT32: row(['int', 'int32', 'TYPE_INT32'], [4, 6], Int32Array),
  INT64: row(['int', 'int64', 'TYPE_INT64'], [8, 7], BigInt64Array),
  FP16: row(['half', 'float16', 'TYPE_FP16'], [2, 10], Uint16Array),
  BF16: row(['half', null, 'TYPE_BF16'], [2, 16], Uint16Array),
  FP32: row(['float', 'float32', 'TYPE_FP32'], [4, 1], Float32Array),
  FP64: row(['float', 'float64', 'TYPE_FP64'], [8, 11], Float64Array),
  BYTES: row(['bytes', 'string', 'TYPE_STRING'], [0, 8], null),
};

/** Whether a name is a datatype's; names are case-sensitive. */
export function isDatatype(name: string): name is Datatype {
  return Object.hasOwn(datatypes, name);
}

/** The datatype of an ONNX element type (TensorProto.DataType), or undefined for one that the protocol has no name for. */
export function findDatatypeByOnnx(elementType: number): Datatype | undefined {
  return names.find((name) => datatypes[name].onnx === elementType);
}

/** The datatype of ONNX Runtime's element type name, or undefined. */
export function findDatatypeByOrt(ortType: string): Datatype | undefined {
  return names.find((name) => datatypes[name].ort === ortType);
}

const names = Object.keys(datatypes) as readonly Datatype[];

/** The TypedArray constructor of a numeric datatype. */
export function arrayOf(datatype: NumericDatatype): NumericArrayConstructor {
  return datatypes[datatype].array as NumericArrayConstructor;
}
