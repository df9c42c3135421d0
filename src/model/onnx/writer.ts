import { datatypes, type Datatype, type NumericDatatype } from '../../tensor/datatype.js';
import type { NumericData } from '../../tensor/datatype.js';
import type { BytesElement } from '../../tensor/tensor.js';
import { bytesField, concat, floatField, integerField, type Field } from './wire.js';

/** A dimension: fixed, named, or unnamed and variable (null). */
export type GraphDim = number | string | null;

export interface GraphValue {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly GraphDim[];
}

/** integer -> INT, non-integer number -> FLOAT, text -> STRING, integers -> INTS, a body -> GRAPH; `{float}` forces FLOAT. */
export type AttributeValue =
  number | string | readonly number[] | { readonly float: number } | { readonly graph: Graph };

export interface GraphNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly domain?: string;
}

export type Initializer = { readonly name: string; readonly shape: readonly number[] } & (
  | { readonly datatype: NumericDatatype; readonly data: NumericData }
  | { readonly datatype: 'BYTES'; readonly data: readonly BytesElement[] }
);

export interface Graph {
  readonly name: string;
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  readonly nodes: readonly GraphNode[];
  readonly initializers?: readonly Initializer[];
  /** Version of the default operator set; 17 unless told otherwise. */
  readonly opset?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The bytes of an ONNX file (onnx.proto: ModelProto, IR version 8). The graph is written as given, not checked. */
export function writeOnnx(graph: Graph): Uint8Array {
  return concat([
    integerField(1, 8),
    bytesField(2, 'slipway'),
    bytesField(7, graphFields(graph)),
    bytesField(8, [bytesField(1, ''), integerField(2, graph.opset ?? 17)]),
    ...Object.entries(graph.metadata ?? {}).map(([key, value]) =>
      bytesField(14, [bytesField(1, key), bytesField(2, value)]),
    ),
  ]);
}

function graphFields(graph: Graph): Field[] {
  return [
    ...graph.nodes.map((node) => bytesField(1, nodeFields(node))),
    bytesField(2, graph.name),
    ...(graph.initializers ?? []).map((tensor) => bytesField(5, tensorFields(tensor))),
    ...graph.inputs.map((value) => bytesField(11, valueFields(value))),
    ...graph.outputs.map((value) => bytesField(12, valueFields(value))),
  ];
}

function nodeFields(node: GraphNode): Field[] {
  return [
    ...node.inputs.map((name) => bytesField(1, name)),
    ...node.outputs.map((name) => bytesField(2, name)),
    bytesField(4, node.op),
    ...Object.entries(node.attributes ?? {}).map(([name, value]) => bytesField(5, attributeFields(name, value))),
    bytesField(7, node.domain ?? ''),
  ];
}

/** AttributeProto: name 1, f 2, i 3, s 4, g 6, ints 8, type 20 (FLOAT 1, INT 2, STRING 3, GRAPH 5, INTS 7). */
function attributeFields(name: string, value: AttributeValue): Field[] {
  const named = bytesField(1, name);
  if (typeof value === 'string') return [named, bytesField(4, value), integerField(20, 3)];
  if (typeof value === 'object' && 'float' in value) return [named, floatField(2, value.float), integerField(20, 1)];
  if (typeof value === 'object' && 'graph' in value)
    return [named, bytesField(6, graphFields(value.graph)), integerField(20, 5)];
  if (typeof value === 'object') return [named, ...value.map((item) => integerField(8, item)), integerField(20, 7)];
  if (Number.isInteger(value)) return [named, integerField(3, value), integerField(20, 2)];
  return [named, floatField(2, value), integerField(20, 1)];
}

function tensorFields({ name, shape, ...tensor }: Initializer): Field[] {
  const { datatype } = tensor;
  const data =
    tensor.datatype === 'BYTES'
      ? tensor.data.map((element) => bytesField(6, element))
      : [bytesField(9, new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength))];
  return [
    ...shape.map((dim) => integerField(1, dim)),
    integerField(2, datatypes[datatype].onnx),
    bytesField(8, name),
    ...data,
  ];
}

function valueFields({ name, datatype, shape }: GraphValue): Field[] {
  const dims = shape.map((dim) => bytesField(1, dimFields(dim)));
  const tensorType = [integerField(1, datatypes[datatype].onnx), bytesField(2, dims)];
  return [bytesField(1, name), bytesField(2, [bytesField(1, tensorType)])];
}

function dimFields(dim: GraphDim): Field[] {
  if (dim === null) return [];
  return typeof dim === 'number' ? [integerField(1, dim)] : [bytesField(2, dim)];
}
