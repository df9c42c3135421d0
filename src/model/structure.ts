/** The graphs of an ONNX model as far as they say what is computed: nodes, attributes, and small constants; never weights. */
export interface OnnxStructure {
  readonly graph: OnnxGraph;
  /** Versions of the operator sets by domain; the default one is ''. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly functions: readonly OnnxFunction[];
}

/** A graph with what the proofs about it need. */
export interface OnnxGraph {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly nodes: readonly OnnxNode[];
  readonly constants: ReadonlyMap<string, OnnxConstant>;
}

/** A function of the model's own (onnx.proto: FunctionProto). */
export interface OnnxFunction {
  readonly name: string;
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly OnnxNode[];
  readonly opsets: ReadonlyMap<string, number>;
  /** Attributes with the values that they have where a call gives none. */
  readonly defaults: ReadonlyMap<string, OnnxAttribute>;
}

/** A node of a graph. */
export interface OnnxNode {
  readonly name: string;
  readonly op: string;
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

/** The value of an attribute; lists longer than `mostListed` are cut, and say so. */
export interface OnnxAttribute {
  readonly number?: number;
  readonly text?: string;
  readonly numbers: readonly number[];
  readonly isCut: boolean;
  readonly tensor?: OnnxConstant;
  readonly graph?: OnnxGraph;
  /** Inside a function: the attribute of the call whose value this one takes. */
  readonly reference?: string;
}

/** A constant tensor; `values` only where it is small. */
export interface OnnxConstant {
  readonly dims: readonly number[];
  readonly values?: readonly number[];
}

/** An input or output; `dims` has null for what is variable and is left out where none are declared or it is no tensor. */
export interface OnnxValue {
  readonly name: string;
  readonly dims?: readonly (number | null)[];
}
