import { readConstant, readSparseConstant } from './constant.js';
import { broken, limits, only, type WireField, type WireReader } from './fields.js';
import type { OnnxAttribute, OnnxConstant, OnnxFunction, OnnxGraph, OnnxNode, OnnxStructure } from '../structure.js';
import { readDeclared } from './value.js';

/** Items of an attribute's list that are kept: more than any shape, axis list or padding has. */
const mostListed = 128;

const wanted = {
  model: only(7, 8, 25),
  graph: only(1, 5, 11, 12, 15),
  node: only(1, 2, 3, 4, 5, 7, 8),
  attribute: only(1, 2, 3, 4, 5, 6, 7, 8, 21),
  withoutLists: only(1, 2, 3, 4, 5, 6, 21),
} as const;

/** Reads the structure of a model (onnx.proto: ModelProto). Throws MODEL_INVALID for a damaged file, or for more than may be kept. */
export function readStructure(wire: WireReader, size: number): OnnxStructure {
  const functions: OnnxFunction[] = [];
  const opsets = new Map<string, number>();
  let graph: OnnxGraph | undefined;
  for (const field of wire.fields(0, size, wanted.model)) {
    if (field.number === 7) graph = readGraph(wire, field, 0);
    else if (field.number === 8) readOpset(wire, field, opsets);
    else functions.push(readFunction(wire, field));
  }
  if (graph === undefined) throw broken('it has no graph');
  return { graph, opsets, functions };
}

/** GraphProto: node 1, initializer 5, input 11, output 12, sparse_initializer 15. */
function readGraph(wire: WireReader, { start, end }: WireField, depth: number): OnnxGraph {
  if (depth > limits.depth) throw broken(`its graphs are nested more than ${limits.depth} deep`);
  const constants = new Map<string, OnnxConstant>();
  const graph = { inputs: [], outputs: [], nodes: [], constants } as Mutable<OnnxGraph>;
  for (const field of wire.fields(start, end, wanted.graph)) {
    if (field.number === 1) graph.nodes.push(readNode(wire, field, depth));
    else if (field.number === 11) graph.inputs.push(readDeclared(wire, field));
    else if (field.number === 12) graph.outputs.push(readDeclared(wire, field));
    else {
      const { name, ...constant } = (field.number === 5 ? readConstant : readSparseConstant)(wire, field);
      constants.set(name, constant);
    }
  }
  return graph;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer I)[] ? I[] : T[K] };

/** NodeProto: input 1, output 2, name 3, op_type 4, attribute 5, domain 7, overload 8. */
function readNode(wire: WireReader, { start, end }: WireField, depth: number): OnnxNode {
  const [inputs, outputs]: [string[], string[]] = [[], []];
  const attributes = new Map<string, OnnxAttribute>();
  let [name, op, domain, overload] = ['', '', '', ''];
  for (const field of wire.fields(start, end, wanted.node)) {
    if (field.number === 1) inputs.push(wire.text(field));
    else if (field.number === 2) outputs.push(wire.text(field));
    else if (field.number === 3) name = wire.text(field);
    else if (field.number === 4) op = wire.text(field);
    else if (field.number === 5) readAttribute(wire, { field, depth }, attributes);
    else if (field.number === 7) domain = domainOf(wire.passingText(field));
    else overload = wire.text(field);
  }
  return { name, op, domain, overload, inputs, outputs, attributes };
}

/** AttributeProto: name 1, f 2, i 3, s 4, t 5, g 6, floats 7, ints 8, ref_attr_name 21. */
function readAttribute(
  wire: WireReader,
  { field: message, depth }: { readonly field: WireField; readonly depth: number },
  into: Map<string, OnnxAttribute>,
): void {
  let name = '';
  const numbers: number[] = [];
  const attribute: { -readonly [K in keyof OnnxAttribute]: OnnxAttribute[K] } = { numbers, isCut: false };
  const take = (field: WireField) => {
    if (field.number === 1) name = wire.text(field);
    else if (field.number === 2) attribute.number = wire.float(field);
    else if (field.number === 3) attribute.number = field.value;
    else if (field.number === 4) attribute.text = wire.beginningOfText(field, 1024);
    else if (field.number === 5) attribute.tensor = readConstant(wire, field);
    else if (field.number === 6) attribute.graph = readGraph(wire, field, depth + 1);
    else if (field.number === 21) attribute.reference = wire.text(field);
    else numbers.push(...readNumbers(wire, field));
  };
  let listEnd = message.end;
  for (const field of wire.fields(message.start, message.end, wanted.attribute)) {
    take(field);
    if (numbers.length <= mostListed) continue;
    listEnd = field.end;
    attribute.isCut = true;
    break;
  }
  for (const field of wire.fields(listEnd, message.end, wanted.withoutLists)) take(field);
  into.set(name, attribute);
}

/** Numbers of an attribute's list, which may stand one by one or packed. */
function readNumbers(wire: WireReader, field: WireField): readonly number[] {
  if (field.number === 7) return field.kind === 'bytes' ? wire.floats(field, mostListed + 1) : [wire.float(field)];
  return field.kind === 'bytes' ? wire.integers(field, mostListed + 1) : [field.value];
}

/** FunctionProto: name 1, input 4, output 5, node 7, opset_import 9, domain 10, attribute_proto 11, overload 13. */
function readFunction(wire: WireReader, { start, end }: WireField): OnnxFunction {
  const [inputs, outputs, nodes]: [string[], string[], OnnxNode[]] = [[], [], []];
  const [opsets, defaults] = [new Map<string, number>(), new Map<string, OnnxAttribute>()];
  let [name, domain, overload] = ['', '', ''];
  for (const field of wire.fields(start, end)) {
    if (field.number === 1) name = wire.text(field);
    else if (field.number === 4) inputs.push(wire.text(field));
    else if (field.number === 5) outputs.push(wire.text(field));
    else if (field.number === 7) nodes.push(readNode(wire, field, 0));
    else if (field.number === 9) readOpset(wire, field, opsets);
    else if (field.number === 10) domain = domainOf(wire.passingText(field));
    else if (field.number === 11) readAttribute(wire, { field, depth: 0 }, defaults);
    else if (field.number === 13) overload = wire.text(field);
  }
  return { name, domain, overload, inputs, outputs, nodes, opsets, defaults };
}

/** OperatorSetIdProto: domain 1, version 2. */
function readOpset(wire: WireReader, message: WireField, opsets: Map<string, number>): void {
  let [domain, version] = ['', 0];
  for (const field of wire.fields(message.start, message.end)) {
    if (field.number === 1) domain = domainOf(wire.text(field));
    else if (field.number === 2) version = field.value;
  }
  opsets.set(domain, version);
}

/** The default domain has two spellings. */
function domainOf(text: string): string {
  return text === 'ai.onnx' ? '' : text;
}
