import type { WireField, WireReader } from '../fields.js';
import type { Span } from '../edit/splice.js';

/** A node as far as its role matters: what it is, what it takes, and where it stands. */
export interface ProducerNode {
  /** `Identity`, `ai.onnx.ml:ZipMap`. */
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly WireField[];
  readonly tagStart: number;
}

/**
 * How a value came about: the node that made it, and the Identity nodes that it went through after that. Where no node made what
 * they pass on, the first of them stands for it.
 */
export interface Origin {
  readonly node: ProducerNode;
  readonly passedOn: readonly ProducerNode[];
}

const longestChain = 16;

/** Where values of the main graph come from; those that no node makes are left out. */
export function findOrigins(wire: WireReader, graph: Span, names: readonly string[]): ReadonlyMap<string, Origin> {
  const origins = new Map<string, Origin>();
  const passed = new Map(names.map((name) => [name, { sought: name, nodes: [] as ProducerNode[] }]));
  for (let turn = 0; turn < longestChain && passed.size > 0; turn++) {
    const producers = findProducers(wire, graph, new Set([...passed.values()].map(({ sought }) => sought)));
    for (const [name, state] of passed) {
      const node = producers.get(state.sought);
      const [input] = node?.inputs ?? [];
      if (node?.operator === 'Identity' && input !== undefined) {
        state.nodes.push(node);
        state.sought = input;
        continue;
      }
      const maker = node ?? state.nodes.pop();
      if (maker !== undefined) origins.set(name, { node: maker, passedOn: state.nodes });
      passed.delete(name);
    }
  }
  return origins;
}

function findProducers(wire: WireReader, graph: Span, names: ReadonlySet<string>): ReadonlyMap<string, ProducerNode> {
  const producers = new Map<string, ProducerNode>();
  for (const field of wire.fields(graph.start, graph.end)) {
    if (field.number !== 1 || !makesOne(wire, field, names)) continue;
    const node = readNode(wire, field);
    for (const name of node.outputs) producers.set(name, node);
  }
  return producers;
}

function makesOne(wire: WireReader, node: Span, names: ReadonlySet<string>): boolean {
  for (const field of wire.fields(node.start, node.end)) {
    if (field.number === 2 && names.has(wire.passingText(field))) return true;
  }
  return false;
}

/** What a node is (NodeProto: input 1, output 2, op_type 4, attribute 5, domain 7). */
export function readNode(wire: WireReader, node: WireField): ProducerNode {
  let [operator, domain] = ['', ''];
  const [inputs, outputs, attributes]: [string[], string[], WireField[]] = [[], [], []];
  for (const field of wire.fields(node.start, node.end)) {
    if (field.number === 1) inputs.push(wire.passingText(field));
    else if (field.number === 2) outputs.push(wire.passingText(field));
    else if (field.number === 4) operator = wire.passingText(field);
    else if (field.number === 5) attributes.push(field);
    else if (field.number === 7) domain = wire.passingText(field);
  }
  const isDefault = domain === '' || domain === 'ai.onnx';
  return {
    operator: isDefault ? operator : `${domain}:${operator}`,
    inputs,
    outputs,
    attributes,
    tagStart: node.tagStart,
  };
}

/**
 * A node's list of texts or integers, as texts (AttributeProto: name 1, ints 8, strings 9). Undefined where it has none, or
 * an integer that a double would round.
 */
export function readListAttribute(
  wire: WireReader,
  { attributes }: ProducerNode,
  wanted: string,
): readonly string[] | undefined {
  for (const attribute of attributes) {
    let [name, isExact] = ['', true];
    const texts: string[] = [];
    for (const field of wire.fields(attribute.start, attribute.end)) {
      if (field.number === 1) name = wire.passingText(field);
      else if (field.number === 8) texts.push(String(field.value));
      else if (field.number === 9) texts.push(wire.passingText(field));
      if (field.number === 8) isExact &&= field.kind === 'integer' && Number.isSafeInteger(field.value);
    }
    if (name === wanted && texts.length > 0) return isExact ? texts : undefined;
  }
  return undefined;
}
