import type { TensorSpec } from '../tensor/tensor.js';

/** What requests to a model are checked against. */
export interface ModelSignature {
  readonly name: string;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Most rows in one request; 0: the first dimension is no batch. */
  readonly maxRows: number;
  /** Inputs that also take pictures, as BYTES tensors of one element a row: neither datatype, shape nor content is checked. */
  readonly imageInputs?: ReadonlySet<string>;
}
