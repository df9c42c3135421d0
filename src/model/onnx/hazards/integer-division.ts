import { findOutputs, type KnownValue, type TypedNode } from './integer-rules.js';
import { only, type WireField, type WireReader } from '../fields.js';

/** TensorProto.DataType of the integers that the runtime divides with the CPU's own instruction, whose overflow is a fault. */
const dividedNatively: readonly number[] = [0, 6, 7];

type Values = Map<string, KnownValue>;

/**
 * Where a model divides integers that a request may choose: the smallest integer by -1 ends the runtime's process with SIGFPE
 * (INT32 and INT64, Div and Mod; 0 as the divisor is an ordinary error). Answers the first such node in words, or undefined
 * where every division is of floats, by constants other than -1, or of sizes, which are never negative.
 */
export function findIntegerDivision(
  wire: WireReader,
  { graph, functions }: { readonly graph: WireField; readonly functions: readonly WireField[] },
): string | undefined {
  for (const field of functions) {
    const found = findInNodes(wire, { field, nodes: 7 }, new Map());
    if (found !== undefined) return found;
  }
  return findInGraph(wire, graph, new Map());
}

/** GraphProto: node 1, initializer 5, input 11, output 12, value_info 13. */
function findInGraph(wire: WireReader, graph: WireField, outer: Values): string | undefined {
  const values: Values = new Map(outer);
  for (const field of wire.fields(graph.start, graph.end, only(5, 11, 12, 13))) {
    if (field.number === 5) {
      const { name, ...known } = readTensorFacts(wire, field);
      values.set(name, known);
    } else {
      const { name, type } = readValueType(wire, field);
      if (!values.has(name)) values.set(name, { type });
    }
  }
  return findInNodes(wire, { field: graph, nodes: 1 }, values);
}

function findInNodes(
  wire: WireReader,
  { field: message, nodes }: { readonly field: WireField; readonly nodes: number },
  values: Values,
): string | undefined {
  for (const field of wire.fields(message.start, message.end, only(nodes))) {
    const node = readNode(wire, field);
    const inputs = node.inputs.map((name) => values.get(name) ?? { type: 0 });
    if (node.domain === '' && (node.op === 'Div' || node.op === 'Mod') && mayOverflow(inputs)) {
      return `${node.op} ${node.name === '' ? '' : `'${node.name}' `}divides integers that a request can choose`;
    }
    for (const graph of node.graphs) {
      const found = findInGraph(wire, graph, values);
      if (found !== undefined) return found;
    }
    for (const [index, known] of findOutputs(node, inputs).entries()) {
      const name = node.outputs[index] ?? '';
      values.set(name, known.type === 0 ? { ...known, type: values.get(name)?.type ?? 0 } : known);
    }
  }
  return undefined;
}

function mayOverflow([dividend = { type: 0 }, divisor = { type: 0 }]: readonly KnownValue[]): boolean {
  const type = dividend.type === 0 ? divisor.type : dividend.type;
  if (!dividedNatively.includes(type) || dividend.isCount === true || divisor.isCount === true) return false;
  return divisor.values === undefined || divisor.values.includes(-1);
}

/** NodeProto: input 1, output 2, name 3, op_type 4, attribute 5, domain 7. */
function readNode(wire: WireReader, { start, end }: WireField): TypedNode {
  const [inputs, outputs, graphs]: [string[], string[], WireField[]] = [[], [], []];
  const attributes = new Map<string, KnownValue>();
  let [name, op, domain] = ['', '', ''];
  for (const field of wire.fields(start, end, only(1, 2, 3, 4, 5, 7))) {
    if (field.number === 1) inputs.push(wire.passingText(field));
    else if (field.number === 2) outputs.push(wire.passingText(field));
    else if (field.number === 3) name = wire.passingText(field);
    else if (field.number === 4) op = wire.passingText(field);
    else if (field.number === 7) domain = wire.passingText(field).replace(/^ai\.onnx$/, '');
    else readAttribute(wire, field, { attributes, graphs });
  }
  return { name, op, domain, inputs, outputs, graphs, attributes };
}

/** AttributeProto: name 1, i 3, t 5, g 6, ints 8, graphs 11. An integer that names a type is kept as the value's only element. */
function readAttribute(
  wire: WireReader,
  message: WireField,
  into: { readonly attributes: Map<string, KnownValue>; readonly graphs: WireField[] },
): void {
  let name = '';
  let known: KnownValue = { type: 0 };
  const integers: number[] = [];
  for (const field of wire.fields(message.start, message.end, only(1, 3, 5, 6, 8, 11))) {
    if (field.number === 1) name = wire.passingText(field);
    else if (field.number === 3) integers.push(field.value);
    else if (field.number === 8) integers.push(...readIntegers(wire, field));
    else if (field.number === 5) known = readTensorFacts(wire, field);
    else into.graphs.push(field);
  }
  if (integers.length > 0) known = { type: 7, values: integers, isCount: integers.every((value) => value >= 0) };
  into.attributes.set(name, known);
}

/** ValueInfoProto: name 1, type 2 (TypeProto: tensor_type 1: elem_type 1). */
function readValueType(wire: WireReader, message: WireField): { readonly name: string; readonly type: number } {
  let [name, type] = ['', 0];
  for (const field of wire.fields(message.start, message.end, only(1, 2))) {
    if (field.number === 1) name = wire.passingText(field);
    else for (const tensor of wire.fields(field.start, field.end, only(1))) type = readElementType(wire, tensor);
  }
  return { name, type };
}

function readElementType(wire: WireReader, { start, end }: WireField): number {
  let type = 0;
  for (const field of wire.fields(start, end, only(1))) type = field.value;
  return type;
}

/** Bytes of a constant up to which it is looked into; divisors are small. */
const mostBytes = 4096;

/** TensorProto: data_type 2, int32_data 5, int64_data 7, name 8, raw_data 9. Values only of small INT32 and INT64 tensors. */
function readTensorFacts(wire: WireReader, message: WireField): KnownValue & { readonly name: string } {
  let [name, type] = ['', 0];
  let values: readonly number[] = [];
  let raw: WireField | undefined;
  for (const field of wire.fields(message.start, message.end, only(2, 5, 7, 8, 9))) {
    if (field.number === 2) type = field.value;
    else if (field.number === 8) name = wire.passingText(field);
    else if (field.number === 9) raw = field;
    else values = [...values, ...readIntegers(wire, field)];
  }
  if (raw !== undefined) values = readRaw(wire, raw, type);
  if (values.length === 0 || (type !== 6 && type !== 7)) return { name, type };
  return { name, type, values, isCount: values.every((value) => value >= 0) };
}

/** The integers of a repeated field, one by one or packed; none where there are too many to be of interest. */
function readIntegers(wire: WireReader, { kind, value, start, end }: WireField): readonly number[] {
  if (kind === 'integer') return [value];
  if (end - start > mostBytes) return [];
  const integers: number[] = [];
  let [bits, shift] = [0n, 0n];
  for (const byte of wire.bytes(start, end - start)) {
    bits |= BigInt(byte & 127) << shift;
    shift += 7n;
    if (byte > 127) continue;
    integers.push(Number(BigInt.asIntN(64, bits)));
    [bits, shift] = [0n, 0n];
  }
  return integers;
}

function readRaw(wire: WireReader, { start, end }: WireField, type: number): readonly number[] {
  const size = type === 7 ? 8 : 4;
  if (end - start > mostBytes) return [];
  const bytes = wire.bytes(start, end - start);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.length / size) }, (_, index) =>
    type === 7 ? Number(view.getBigInt64(index * 8, true)) : view.getInt32(index * 4, true),
  );
}
