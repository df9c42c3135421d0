import type { OnnxAttribute, OnnxConstant, OnnxFunction, OnnxGraph, OnnxNode, OnnxStructure } from '../structure.js';
import { conditional, loop, scan } from './control.js';
import { NodeView, reasonOf } from './node-view.js';
import { findRule, isRepeatable, reasonFor } from './operators/table.js';
import { Scope } from './scope.js';
import { known, type Size } from './size.js';
import { RowsMeet, type FreeValue, type Value } from './value.js';

const subgraphRules = new Map([
  ['If', conditional],
  ['Loop', loop],
  ['Scan', scan],
]);

/**
 * Nodes that are followed in bodies of functions, branches and loops, each as often as it is come upon: a few functions of two calls each
 * come to billions. Models that were exported with functions have some ten thousand.
 */
const mostInBodies = 100_000;

/** Follows the rows through the nodes of a model's graphs. */
export class Evaluator {
  readonly #functions = new Map<string, OnnxFunction>();
  #nodesLeft: number;
  #names = 0;
  #ending: string | undefined;
  #depth = 0;

  constructor({ graph, functions }: OnnxStructure) {
    this.#nodesLeft = graph.nodes.length + mostInBodies;
    for (const one of functions) this.#functions.set(keyOf(one.domain, one.name, one.overload), one);
  }

  /** Why the first node ended the proof that did, even if no output needs it: it may fail for several rows. */
  get ending(): string | undefined {
    return this.#ending;
  }

  /** A name for a size that no other has. */
  readonly newName = (): string => `n${this.#names++}`;

  /** What a graph answers in a scope that holds its inputs. */
  graph(graph: OnnxGraph, scope: Scope): readonly Value[] {
    for (const [name, constant] of graph.constants) scope.set(name, valueOf(constant));
    this.nodes(graph.nodes, scope);
    return graph.outputs.map(
      ({ name }) => scope.find(name) ?? { kind: 'mixed', reason: `nothing gives the value '${name}'` },
    );
  }

  nodes(nodes: readonly OnnxNode[], scope: Scope): void {
    this.#nodesLeft -= nodes.length;
    if (this.#nodesLeft < 0) throw new RowsMeet(`its functions and loops come to more than ${mostInBodies} nodes`);
    for (const node of nodes) {
      const values = this.#node(bind(node, scope.attributes), scope);
      for (const [index, name] of node.outputs.entries()) {
        scope.set(
          name,
          values[index] ?? { kind: 'mixed', reason: reasonOf(node, `its output ${index} is not followed`) },
        );
      }
    }
  }

  #node(node: OnnxNode, scope: Scope): readonly Value[] {
    const inputs = node.inputs.map((name) => (name === '' ? undefined : (scope.find(name) ?? missing(node, name))));
    const mixed = inputs.find((value) => value?.kind === 'mixed');
    if (mixed !== undefined) return node.outputs.map(() => mixed);
    const called = this.#functions.get(keyOf(node.domain, node.op, node.overload));
    try {
      if (called !== undefined) return this.#call(called, node, inputs);
      if (node.domain === '' && node.op === 'Constant') return [constantOf(node)];
      return this.#apply(node, inputs, scope);
    } catch (error) {
      if (!(error instanceof RowsMeet)) throw error;
      const reason = reasonOf(node, error.message);
      this.#ending ??= reason;
      return node.outputs.map(() => ({ kind: 'mixed', reason }));
    }
  }

  #apply(node: OnnxNode, inputs: readonly (Value | undefined)[], scope: Scope): readonly Value[] {
    const view = new NodeView(node, inputs, { opset: scope.opsets.get(node.domain) ?? 1, newName: this.newName });
    const subgraphRule = node.domain === '' ? subgraphRules.get(node.op) : undefined;
    if (subgraphRule !== undefined)
      return subgraphRule(view, { scope, run: (graph, inner) => this.graph(graph, inner) });
    const rule = findRule(node.domain, node.op);
    const withoutRows = withoutRowsResult(node, inputs);
    if (rule === undefined) return withoutRows ?? refuse(node);
    try {
      return rule(view).map((value) => sound(node, value, withoutRows));
    } catch (error) {
      if (withoutRows !== undefined && error instanceof RowsMeet) return withoutRows;
      throw error;
    }
  }

  #call(called: OnnxFunction, node: OnnxNode, inputs: readonly (Value | undefined)[]): readonly Value[] {
    if (this.#depth > 32) throw new RowsMeet('its functions call each other too deeply');
    this.#depth++;
    const scope = new Scope({ opsets: called.opsets, attributes: new Map([...called.defaults, ...node.attributes]) });
    for (const [index, name] of called.inputs.entries()) {
      const value = inputs[index];
      if (value !== undefined) scope.set(name, value);
    }
    this.nodes(called.nodes, scope);
    this.#depth--;
    return called.outputs.map((name) => scope.find(name) ?? missing(node, name));
  }
}

function keyOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}

function missing(node: OnnxNode, name: string): Value {
  return { kind: 'mixed', reason: reasonOf(node, `nothing gives its input '${name}'`) };
}

function refuse(node: OnnxNode): never {
  throw new RowsMeet(reasonFor(node.op));
}

/** The outputs of a node without rows among its inputs: nothing is known of them but that they have none either. */
function withoutRowsResult(node: OnnxNode, inputs: readonly (Value | undefined)[]): readonly Value[] | undefined {
  const given = inputs.filter((value) => value !== undefined);
  const isPlain = given.every(({ kind }) => kind === 'free' || kind === 'count');
  const holdsGraphs = [...node.attributes.values()].some(({ graph }) => graph !== undefined);
  if (!isPlain || holdsGraphs || !isRepeatable(node.domain, node.op)) return undefined;
  const kind = given.every((value) => value.kind === 'free') ? 'free' : 'count';
  return node.outputs.map(() => ({ kind }));
}

/** A rule's result, held to what its kind promises. */
function sound(node: OnnxNode, value: Value, withoutRows: readonly Value[] | undefined): Value {
  if (value.kind === 'rows') {
    const isPlaced = value.dims.every(({ rows }, axis) => rows === (axis === value.axis ? 1 : 0));
    return isPlaced ? value : { kind: 'mixed', reason: reasonOf(node, 'it gives another axis the number of rows') };
  }
  if (value.kind !== 'free' || value.content !== undefined) return value;
  const isCounted = withoutRows?.[0]?.kind === 'count' || (value.dims ?? []).some(({ rows }) => rows > 0);
  return isCounted ? { kind: 'count' } : value;
}

function valueOf({ dims, values }: OnnxConstant): FreeValue {
  const sizes: readonly Size[] = dims.map(known);
  return values === undefined
    ? { kind: 'free', dims: sizes }
    : { kind: 'free', dims: sizes, content: values.map(known) };
}

/** `Constant` (onnx/docs/Operators.md): a tensor, a number, or a list of them. */
function constantOf({ attributes }: OnnxNode): Value {
  const [[name, attribute] = []] = attributes;
  if (attribute === undefined || name === undefined || attributes.size > 1) return { kind: 'free' };
  if (attribute.tensor !== undefined) return valueOf(attribute.tensor);
  if (attribute.number !== undefined) return valueOf({ dims: [], values: [attribute.number] });
  const { numbers, isCut } = attribute;
  if (name === 'value_ints' || name === 'value_floats')
    return isCut ? { kind: 'free' } : valueOf({ dims: [numbers.length], values: numbers });
  return { kind: 'free' };
}

/** A node of a function with the attributes of the call. */
function bind(node: OnnxNode, attributes: ReadonlyMap<string, OnnxAttribute>): OnnxNode {
  if (![...node.attributes.values()].some(({ reference }) => reference !== undefined)) return node;
  const bound = [...node.attributes].flatMap(([name, attribute]): [string, OnnxAttribute][] => {
    if (attribute.reference === undefined) return [[name, attribute]];
    const value = attributes.get(attribute.reference);
    return value === undefined ? [] : [[name, value]];
  });
  return { ...node, attributes: new Map(bound) };
}
