import type { TensorSpec } from '../tensor/tensor.js';

/** What requests to a model are checked against. */
export interface ModelSignature {
  readonly name: string;
  readonly inputs: readonly TensorSpec[];
  /** Inputs that have a default in the model; a request that gives one runs alone. */
  readonly defaultedInputs?: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Most rows in one request, Infinity where any number is taken; 0: the first dimension is no batch. */
  readonly maxRows: number;
  /** Inputs that also take pictures, as BYTES tensors of one element a row: neither datatype, shape nor content is checked. */
  readonly imageInputs?: ReadonlySet<string>;
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
