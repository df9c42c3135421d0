import { checkExternalLocation } from './external-data.js';
import { broken, limits, type WireField, type WireReader } from './fields.js';

/** The parts of the main graph that are read further. */
export interface MainGraph {
  readonly name: string;
  readonly inputs: readonly WireField[];
  readonly outputs: readonly WireField[];
}

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

  /** GraphProto: node 1, name 2, initializer 5, input 11, output 12, sparse_initializer 15. */
  readMain(graph: WireField): MainGraph {
    let name = '';
    const [inputs, outputs]: [WireField[], WireField[]] = [[], []];
    for (const field of this.#wire.fields(graph.start, graph.end)) {
      if (field.number === 2) name = this.#wire.text(field);
      else if (field.number === 5) this.initializers.add(this.#readTensor(field));
      else if (field.number === 11) inputs.push(field);
      else if (field.number === 12) outputs.push(field);
      else if (field.number === 15) this.initializers.add(this.#readSparseTensor(field));
      else if (field.number === 1) this.#readNode(field, 0);
    }
    return { name, inputs, outputs };
  }

  /** FunctionProto: node 7. */
  readFunction(message: WireField): void {
    for (const field of this.#wire.fields(message.start, message.end)) {
      if (field.number === 7) this.#readNode(field, 0);
    }
  }

  #readInner(graph: WireField, depth: number): void {
    if (depth > limits.depth) throw broken(`its graphs are nested more than ${limits.depth} deep`);
    for (const field of this.#wire.fields(graph.start, graph.end)) {
      if (field.number === 1) this.#readNode(field, depth);
      else if (field.number === 5) this.#readTensor(field);
      else if (field.number === 15) this.#readSparseTensor(field);
    }
  }

  /** NodeProto: op_type 4, attribute 5, domain 7. */
  #readNode(node: WireField, depth: number): void {
    let [operator, domain] = ['', ''];
    for (const field of this.#wire.fields(node.start, node.end)) {
      if (field.number === 4) operator = this.#wire.text(field);
      else if (field.number === 7) domain = this.#wire.text(field);
      else if (field.number === 5) this.#readAttribute(field, depth);
    }
    const name = domain === '' || domain === 'ai.onnx' ? operator : `${domain}:${operator}`;
    this.operators.set(name, (this.operators.get(name) ?? 0) + 1);
  }

  /** AttributeProto: t 5, g 6, tensors 10, graphs 11, sparse_tensor 22, sparse_tensors 23. */
  #readAttribute(attribute: WireField, depth: number): void {
    for (const field of this.#wire.fields(attribute.start, attribute.end)) {
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
    for (const field of this.#wire.fields(tensor.start, tensor.end)) {
      if (field.number === 8) name = this.#wire.text(field);
      else if (field.number === 13) locations.push(...this.#readLocation(field));
      else if (field.number === 14) isExternal = field.value === 1;
    }
    for (const location of isExternal ? locations : []) {
      if (!this.externalData.has(location)) this.externalData.add(checkExternalLocation(location));
    }
    return name;
  }

  /** SparseTensorProto: values 1 (which carries the name), indices 2. */
  #readSparseTensor(message: WireField): string {
    let name = '';
    for (const field of this.#wire.fields(message.start, message.end)) {
      if (field.number === 1) name = this.#readTensor(field);
      else if (field.number === 2) this.#readTensor(field);
    }
    return name;
  }

  /** StringStringEntryProto: key 1, value 2; of the entries only `location` names a file. */
  #readLocation(entry: WireField): readonly string[] {
    let [key, value] = ['', ''];
    for (const field of this.#wire.fields(entry.start, entry.end)) {
      if (field.number === 1) key = this.#wire.text(field);
      else if (field.number === 2) value = this.#wire.text(field);
    }
    return key === 'location' ? [value] : [];
  }
}
