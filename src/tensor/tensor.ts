import type { Datatype, NumericData, NumericDatatype } from './datatype.js';
import type { DeclaredShape, Shape } from './shape.js';

/** A tensor of numbers or booleans: row-major, its data exactly the shape's product long. */
export interface NumericTensor {
  readonly datatype: NumericDatatype;
  readonly shape: Shape;
  readonly data: NumericData;
}

/** An element of a BYTES tensor: text as it came in JSON (well formed), or bytes as they came on the wire (any). */
export type BytesElement = string | Uint8Array;

/** A tensor of texts or byte strings, row-major. */
export interface BytesTensor {
  readonly datatype: 'BYTES';
  readonly shape: Shape;
  readonly data: readonly BytesElement[];
}

/** A tensor of numbers or of byte strings. */
export type Tensor = NumericTensor | BytesTensor;

/** Tensors by input or output name. */
export type NamedTensors = ReadonlyMap<string, Tensor>;

/** What a model declares of one input or output; `shape` holds -1 for a variable dimension. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: DeclaredShape;
  /** Any shape fits, of any number of dimensions; `shape` is then empty and says nothing. */
  readonly unranked?: true;
  /** Least and most that an element may be, where that is less than the datatype holds. */
  readonly range?: readonly [least: number, most: number];
}

/** An open dimension that several inputs have by one name. */
export interface SharedDimension {
  readonly name: string;
  readonly places: readonly { readonly input: string; readonly axis: number }[];
}

/** An operator that adds up products of what requests send, and the inputs that may leave it nothing to add up. */
export interface EmptySums {
  readonly operator: string;
  readonly inputs: readonly string[];
}

/** What is declared of a tensor, without whatever else a value carries beside it. */
export function specOf({ name, datatype, shape, unranked, range }: TensorSpec): TensorSpec {
  return {
    name,
    datatype,
    shape,
    ...(unranked === undefined ? {} : { unranked }),
    ...(range === undefined ? {} : { range }),
  };
}
