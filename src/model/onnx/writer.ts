import { datatypes, type Datatype, type NumericDatatype, type NumericData } from '../../tensor/datatype.js';
import type { BytesElement } from '../../tensor/tensor.js';
import type { Dim, TensorType, ValueType } from './value-type.js';
import { bytesField, concat, floatField, integerField, type Field } from './wire.js';

/** A dimension: fixed, named, or unnamed and variable (null). */
export type GraphDim = number | string | null;

/** An input or output: a tensor of one of our datatypes, or a value of any other type. */
export type GraphValue =
  | { readonly name: string; readonly datatype: Datatype; readonly shape: readonly GraphDim[] }
  | { readonly name: string; readonly type: ValueType };

/** integer -> INT, non-integer number -> FLOAT, text -> STRING, integers -> INTS; `{float}` forces FLOAT. */
export type AttributeValue =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly strings: readonly string[] }
  | { readonly tensor: Initializer }
  | { readonly graph: Omit<Graph, 'opset' | 'metadata'> }
  | { readonly type: ValueType };

/** A node to write. */
export interface GraphNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly domain?: string;
}

/** A constant tensor to write. */
export type Initializer = { readonly name: string; readonly shape: readonly number[] } & (
  | { readonly datatype: NumericDatatype; readonly data: NumericData }
  | { readonly datatype: 'BYTES'; readonly data: readonly BytesElement[] }
);

/** A graph to write. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  readonly nodes: readonly GraphNode[];
  readonly initializers?: readonly Initializer[];
  /** Version of the default operator set; 17 unless told otherwise. */
  readonly opset?: number;
  /** Versions of further operator sets, by domain. */
  readonly opsets?: Readonly<Record<string, number>>;
  /** 8 unless told otherwise. */
  readonly irVersion?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The bytes of an ONNX file (onnx.proto: ModelProto). The graph is written as given, not checked. */
export function writeOnnx(graph: Graph): Uint8Array {
  const opsets = Object.entries({ '': graph.opset ?? 17, ...graph.opsets });
  return concat([
    integerField(1, graph.irVersion ?? 8),
    bytesField(2, 'slipway'),
    bytesField(7, graphFields(graph)),
    ...opsets.map(([domain, version]) => opsetField(domain, version)),
    ...Object.entries(graph.metadata ?? {}).map(([key, value]) =>
      bytesField(14, [bytesField(1, key), bytesField(2, value)]),
    ),
  ]);
}

/** A field of ModelProto: OperatorSetIdProto with domain 1, version 2. */
export function opsetField(domain: string, version: number): Field {
  return bytesField(8, [bytesField(1, domain), integerField(2, version)]);
}

function graphFields(graph: Omit<Graph, 'metadata'>): Field[] {
  return [
    ...graph.nodes.map(nodeField),
    bytesField(2, graph.name),
    ...(graph.initializers ?? []).map((tensor) => bytesField(5, tensorFields(tensor))),
    ...graph.inputs.map((value) => valueField('input', value)),
    ...graph.outputs.map((value) => valueField('output', value)),
  ];
}

/** A node as a field of GraphProto. */
export function nodeField(node: GraphNode): Field {
  return bytesField(1, [
    ...node.inputs.map((name) => bytesField(1, name)),
    ...node.outputs.map((name) => bytesField(2, name)),
    bytesField(4, node.op),
    ...Object.entries(node.attributes ?? {}).map(([name, value]) => bytesField(5, attributeFields(name, value))),
    bytesField(7, node.domain ?? ''),
  ]);
}

/** AttributeProto: name 1, f 2, i 3, s 4, t 5, g 6, ints 8, strings 9, tp 14, type 20. */
function attributeFields(name: string, value: AttributeValue): Field[] {
  const named = bytesField(1, name);
  if (typeof value === 'string') return [named, bytesField(4, value), integerField(20, 3)];
  if (typeof value === 'object' && 'float' in value) return [named, floatField(2, value.float), integerField(20, 1)];
  if (typeof value === 'object') return [named, ...objectFields(value)];
  if (Number.isInteger(value)) return [named, integerField(3, value), integerField(20, 2)];
  return [named, floatField(2, value), integerField(20, 1)];
}

function objectFields(value: Exclude<AttributeValue, number | string | { readonly float: number }>): Field[] {
  if ('strings' in value) return [...value.strings.map((item) => bytesField(9, item)), integerField(20, 8)];
  if ('tensor' in value) return [bytesField(5, tensorFields(value.tensor)), integerField(20, 4)];
  if ('graph' in value) return [bytesField(6, graphFields(value.graph)), integerField(20, 5)];
  if ('type' in value) return [bytesField(14, typeFields(value.type)), integerField(20, 13)];
  return [...value.map((item) => integerField(8, item)), integerField(20, 7)];
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

/** A declared input or output as a field of GraphProto; of a type that is none of ours only the name. */
export function valueField(role: 'input' | 'output', value: GraphValue): Field {
  const type = 'type' in value ? value.type : tensorType(value.datatype, value.shape);
  const typeField = type.kind === 'other' ? [] : [bytesField(2, typeFields(type))];
  return bytesField(role === 'input' ? 11 : 12, [bytesField(1, value.name), ...typeField]);
}

/** The type of a tensor of one of our datatypes; without a shape it may have any. */
export function tensorType(datatype: Datatype, shape?: readonly GraphDim[]): TensorType {
  const toDim = (dim: GraphDim): Dim =>
    typeof dim === 'number' ? { size: dim, name: '' } : { size: -1, name: dim ?? '' };
  const dims = shape?.map(toDim);
  return { kind: 'tensor', element: datatypes[datatype].onnx, ...(dims === undefined ? {} : { dims }) };
}

/** TypeProto: tensor 1 (elem_type 1, shape 2), sequence 4, map 5 (key 1, value 2), optional 9. */
function typeFields(type: ValueType): Field[] {
  if (type.kind === 'other') return [];
  if (type.kind === 'sequence') return [bytesField(4, [bytesField(1, typeFields(type.of))])];
  if (type.kind === 'optional') return [bytesField(9, [bytesField(1, typeFields(type.of))])];
  if (type.kind === 'map') return [bytesField(5, [integerField(1, type.key), bytesField(2, typeFields(type.of))])];
  const dims = type.dims?.map((dim) => bytesField(1, dimFields(dim)));
  return [bytesField(1, [integerField(1, type.element), ...(dims === undefined ? [] : [bytesField(2, dims)])])];
}

function dimFields({ size, name }: Dim): Field[] {
  if (size !== -1) return [integerField(1, size)];
  return name === '' ? [] : [bytesField(2, name)];
}
