import { checkExternalLocation } from './external-data.js';
import { broken, limits, only, type WireField, type WireReader } from './fields.js';

/** The parts of the main graph that are read further. */
export interface MainGraph {
  readonly inputs: readonly WireField[];
  readonly outputs: readonly WireField[];
}

/** What is read of each message, so that the long lists of numbers and texts of attributes are skipped. */
const wanted = {
  function: only(7),
  graph: only(1, 5, 11, 12, 15),
  inner: only(1, 5, 15),
  node: only(4, 5, 7),
  attribute: only(5, 6, 10, 11, 22, 23),
  tensor: only(8, 13, 14),
  sparse: only(1, 2),
} as const;

/** Collects operators, initializers and external files of a model's graphs, those inside `If`, `Loop` and functions included. */
export class GraphReader {
  /** Names of the main graph's initializers. */
  readonly initializers = new Set<string>();
  readonly operators = new Map<string, number>();
  readonly externalData = new Set<string>();
  readonly #wire: WireReader;

  constructor(wire: WireReader) {
    this.#wire = wire;
  }

  /** GraphProto: node 1, initializer 5, input 11, output 12, sparse_initializer 15. */
  readMain(graph: WireField): MainGraph {
    const [inputs, outputs]: [WireField[], WireField[]] = [[], []];
    for (const field of this.#wire.fields(graph.start, graph.end, wanted.graph)) {
      if (field.number === 5) this.#keepInitializer(this.#readTensor(field));
      else if (field.number === 11) this.#keepField(inputs, field);
      else if (field.number === 12) this.#keepField(outputs, field);
      else if (field.number === 15) this.#keepInitializer(this.#readSparseTensor(field));
      else if (field.number === 1) this.#readNode(field, 0);
    }
    return { inputs, outputs };
  }

  /** FunctionProto: node 7. */
  readFunction(message: WireField): void {
    for (const field of this.#wire.fields(message.start, message.end, wanted.function)) this.#readNode(field, 0);
  }

  #keepInitializer(name: string): void {
    this.#wire.keep(name.length);
    this.initializers.add(name);
  }

  #keepField(list: WireField[], field: WireField): void {
    this.#wire.keep(0);
    list.push(field);
  }

  #readInner(graph: WireField, depth: number): void {
    if (depth > limits.depth) throw broken(`its graphs are nested more than ${limits.depth} deep`);
    for (const field of this.#wire.fields(graph.start, graph.end, wanted.inner)) {
      if (field.number === 1) this.#readNode(field, depth);
      else if (field.number === 5) this.#readTensor(field);
      else if (field.number === 15) this.#readSparseTensor(field);
    }
  }

  /** NodeProto: op_type 4, attribute 5, domain 7. */
  #readNode(node: WireField, depth: number): void {
    let [operator, domain] = ['', ''];
    for (const field of this.#wire.fields(node.start, node.end, wanted.node)) {
      if (field.number === 4) operator = this.#wire.passingText(field);
      else if (field.number === 7) domain = this.#wire.passingText(field);
      else if (field.number === 5) this.#readAttribute(field, depth);
    }
    const name = domain === '' || domain === 'ai.onnx' ? operator : `${domain}:${operator}`;
    const count = this.operators.get(name) ?? 0;
    if (count === 0) this.#wire.keep(name.length);
    this.operators.set(name, count + 1);
  }

  /** AttributeProto: t 5, g 6, tensors 10, graphs 11, sparse_tensor 22, sparse_tensors 23. */
  #readAttribute(attribute: WireField, depth: number): void {
    for (const field of this.#wire.fields(attribute.start, attribute.end, wanted.attribute)) {
      if (field.number === 5 || field.number === 10) this.#readTensor(field);
      else if (field.number === 6 || field.number === 11) this.#readInner(field, depth + 1);
      else if (field.number === 22 || field.number === 23) this.#readSparseTensor(field);
    }
  }

  /** TensorProto: name 8, external_data 13 (key 1, value 2), data_location 14. Answers the name. */
  #readTensor(tensor: WireField): string {
    let name = '';
    let isExternal = false;
    const locations: string[] = [];
    for (const field of this.#wire.fields(tensor.start, tensor.end, wanted.tensor)) {
      if (field.number === 8) name = this.#wire.passingText(field);
      else if (field.number === 13) locations.push(...this.#readLocation(field));
      else if (field.number === 14) isExternal = field.value === 1;
    }
    for (const location of isExternal ? locations : []) {
      if (this.externalData.has(location)) continue;
      this.#wire.keep(location.length);
      this.externalData.add(checkExternalLocation(location));
    }
    return name;
  }

  /** SparseTensorProto: values 1 (which carries the name), indices 2. */
  #readSparseTensor(message: WireField): string {
    let name = '';
    for (const field of this.#wire.fields(message.start, message.end, wanted.sparse)) {
      if (field.number === 1) name = this.#readTensor(field);
      else if (field.number === 2) this.#readTensor(field);
    }
    return name;
  }

  /** StringStringEntryProto: key 1, value 2; of the entries only `location` names a file. */
  #readLocation(entry: WireField): readonly string[] {
    let [key, value] = ['', ''];
    for (const field of this.#wire.fields(entry.start, entry.end)) {
      if (field.number === 1) key = this.#wire.passingText(field);
      else if (field.number === 2) value = this.#wire.passingText(field);
    }
    return key === 'location' ? [value] : [];
  }
}
