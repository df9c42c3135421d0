import { limits, WireReader, broken, type ByteSource, type WireField } from '../fields.js';
import { splice, type Piece, type Span } from './splice.js';
import { nodeField, opsetField, valueField, type GraphNode, type GraphValue } from '../writer.js';

/** Changes of a model's main graph. What they do not name stays byte for byte. */
export interface GraphEdit {
  /** Values under new names, wherever nodes of the main graph and of the graphs inside it use or make them. */
  readonly renamed: ReadonlyMap<string, string>;
  /** Nodes before all others. */
  readonly firstNodes: readonly GraphNode[];
  /** Nodes behind all others. */
  readonly lastNodes: readonly GraphNode[];
  /** Nodes that go, by where their field starts. */
  readonly removedNodes: ReadonlySet<number>;
  /** What stands in place of an input or output of that name; an empty list takes it away. */
  readonly inputs: ReadonlyMap<string, readonly GraphValue[]>;
  readonly outputs: ReadonlyMap<string, readonly GraphValue[]>;
  readonly removedInitializers: ReadonlySet<string>;
  /** Version of the default operator set to import, where the file imports none. */
  readonly defaultOpset?: number;
}

const modelFields = { graph: 7 } as const;
const graphFields = { node: 1, initializer: 5, input: 11, output: 12, valueInfo: 13, sparse: 15 } as const;
const nodeFields = { input: 1, output: 2, attribute: 5 } as const;
const attributeFields = { graph: 6, graphs: 11 } as const;
const nameField = { value: 1, tensor: 8, sparseValues: 1 } as const;

/** The changed file in pieces. Weights that stay are not read. Throws MODEL_INVALID for a damaged file. */
export function editGraph(source: ByteSource, edit: GraphEdit): readonly Piece[] {
  const editor = new Editor(source, edit);
  const model = { start: 0, end: source.size };
  const pieces = splice(editor.wire, model, (field) => {
    return field.number === modelFields.graph ? editor.mainGraph(field) : undefined;
  });
  const { defaultOpset } = edit;
  return [...(pieces ?? [model]), ...(defaultOpset === undefined ? [] : [opsetField('', defaultOpset)])];
}

class Editor {
  readonly wire: WireReader;
  readonly #edit: GraphEdit;

  constructor(source: ByteSource, edit: GraphEdit) {
    this.wire = new WireReader(source);
    this.#edit = edit;
  }

  mainGraph(graph: Span): readonly Piece[] {
    const { firstNodes, lastNodes, inputs, outputs } = this.#edit;
    const changed = splice(this.wire, graph, (field) => this.#changeInMain(field));
    const added = (role: 'input' | 'output', values: Iterable<readonly GraphValue[]>) =>
      [...values].flat().map((value) => valueField(role, value));
    return [
      ...firstNodes.map(nodeField),
      ...(changed ?? [{ start: graph.start, end: graph.end }]),
      ...lastNodes.map(nodeField),
      ...added('input', inputs.values()),
      ...added('output', outputs.values()),
    ];
  }

  #changeInMain(field: WireField): readonly Piece[] | 'removed' | undefined {
    const { removedNodes, removedInitializers, renamed, inputs, outputs } = this.#edit;
    const goes = (names: { has(name: string): boolean }, number: number) =>
      names.has(this.#text(field, number)) ? 'removed' : undefined;
    if (field.number === graphFields.node) {
      return removedNodes.has(field.tagStart) ? 'removed' : this.#node(field, 0);
    }
    if (field.number === graphFields.input) return goes(inputs, nameField.value);
    if (field.number === graphFields.output) return goes(outputs, nameField.value);
    if (field.number === graphFields.valueInfo) return goes(renamed, nameField.value);
    if (removedInitializers.size === 0) return undefined;
    if (field.number === graphFields.initializer) return goes(removedInitializers, nameField.tensor);
    if (field.number === graphFields.sparse) {
      return removedInitializers.has(this.#sparseName(field)) ? 'removed' : undefined;
    }
    return undefined;
  }

  /** A node with new names, and so the nodes of the graphs in its attributes. */
  #node(node: Span, depth: number): readonly Piece[] | undefined {
    if (this.#edit.renamed.size === 0) return undefined;
    if (depth > limits.depth) throw broken(`its graphs are nested more than ${limits.depth} deep`);
    return splice(this.wire, node, (field) => {
      if (field.number === nodeFields.attribute) return this.#attribute(field, depth);
      if (field.number !== nodeFields.input && field.number !== nodeFields.output) return undefined;
      const name = this.#edit.renamed.get(this.wire.passingText(field));
      return name === undefined ? undefined : [new TextEncoder().encode(name)];
    });
  }

  #attribute(attribute: Span, depth: number): readonly Piece[] | undefined {
    return splice(this.wire, attribute, (field) => {
      const isGraph = field.number === attributeFields.graph || field.number === attributeFields.graphs;
      return isGraph ? this.#innerGraph(field, depth + 1) : undefined;
    });
  }

  #innerGraph(graph: Span, depth: number): readonly Piece[] | undefined {
    return splice(this.wire, graph, (field) => {
      return field.number === graphFields.node ? this.#node(field, depth) : undefined;
    });
  }

  #text(message: Span, number: number): string {
    for (const field of this.wire.fields(message.start, message.end)) {
      if (field.number === number && field.kind === 'bytes') return this.wire.passingText(field);
    }
    return '';
  }

  #sparseName(message: Span): string {
    for (const field of this.wire.fields(message.start, message.end)) {
      if (field.number === nameField.sparseValues) return this.#text(field, nameField.tensor);
    }
    return '';
  }
}
