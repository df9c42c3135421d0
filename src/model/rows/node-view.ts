import type { OnnxAttribute, OnnxNode } from '../structure.js';
import { numberOf, symbol, type Size } from './size.js';
import { meet, type FreeValue, type RowsValue, type Tensor, type Value } from './value.js';

/** A node as a rule sees it: its attributes, what is known of its inputs, and the version of its operator set. */
export class NodeView {
  readonly node: OnnxNode;
  readonly inputs: readonly (Value | undefined)[];
  readonly opset: number;
  readonly #newName: () => string;

  constructor(
    node: OnnxNode,
    inputs: readonly (Value | undefined)[],
    { opset, newName }: { readonly opset: number; readonly newName: () => string },
  ) {
    this.node = node;
    this.inputs = inputs;
    this.opset = opset;
    this.#newName = newName;
  }

  /** An input that may be left out. */
  optional(index: number): Tensor | undefined {
    const value = this.inputs[index];
    if (value?.kind === 'rowList') return meet('it takes a sequence of rows');
    if (value?.kind === 'mixed') return meet(value.reason);
    return value;
  }

  input(index: number): Tensor {
    return this.optional(index) ?? meet(`its input ${index} is missing`);
  }

  /** Every input that is given. */
  given(): readonly Tensor[] {
    return this.inputs.map((_, index) => this.optional(index)).filter((value) => value !== undefined);
  }

  /** Requires that inputs, from the index given on or those named, are the same for all rows. */
  requireFree(...indexes: readonly number[]): void {
    for (const index of indexes) {
      const value = this.optional(index);
      if (value !== undefined && value.kind !== 'free') {
        meet(
          value.kind === 'rows'
            ? `its ${this.nameOf(index)} depends on the rows`
            : `the number of rows reaches its ${this.nameOf(index)}`,
        );
      }
    }
  }

  /** An input that is the same for all rows. */
  free(index: number): FreeValue | undefined {
    this.requireFree(index);
    const value = this.optional(index);
    return value?.kind === 'free' ? value : undefined;
  }

  /** The dimensions of an input, whose number at least must be known. */
  dims(index: number): readonly Size[] {
    return this.input(index).dims ?? meet(`the rank of its ${this.nameOf(index)} is not known`);
  }

  /** The numbers of an input that must be constant; undefined where it is left out. */
  constants(index: number): readonly number[] | undefined {
    const value = this.free(index);
    if (value === undefined) return undefined;
    const numbers = value.content?.map((element) => element && numberOf(element));
    if (numbers === undefined) return meet(`its ${this.nameOf(index)} is not a constant`);
    return numbers.map((number) => number ?? meet(`its ${this.nameOf(index)} is not a constant`));
  }

  /** Elements of an input that describes a shape; undefined where it is left out. */
  sizes(index: number): readonly Size[] | undefined {
    const value = this.optional(index);
    if (value === undefined) return undefined;
    if (value.kind === 'rows') return meet(`its ${this.nameOf(index)} depends on the rows`);
    if (value.content === undefined) return meet(`its ${this.nameOf(index)} is not known`);
    return value.content.map((element) => element ?? meet(`its ${this.nameOf(index)} is not known`));
  }

  integer(name: string, otherwise: number): number {
    return this.#attribute(name)?.number ?? otherwise;
  }

  integers(name: string): readonly number[] | undefined {
    const attribute = this.#attribute(name);
    if (attribute?.isCut === true) return meet(`its attribute '${name}' is too long to be followed`);
    return attribute?.numbers;
  }

  text(name: string, otherwise = ''): string {
    return this.#attribute(name)?.text ?? otherwise;
  }

  has(name: string): boolean {
    return this.#attribute(name) !== undefined;
  }

  attribute(name: string): OnnxAttribute | undefined {
    return this.#attribute(name);
  }

  /** The axes of an operator that took them as an attribute before it took them as its second input; undefined where it has none. */
  axes(): readonly number[] | undefined {
    return this.integers('axes') ?? this.constants(1);
  }

  /** The indexes of all inputs but the first. */
  parameters(): readonly number[] {
    return [...this.inputs.keys()].slice(1);
  }

  /** A number of its own for each call. */
  unknown(): Size {
    return symbol(`~${this.#newName()}`);
  }

  /** A size of its own for each call. */
  unknownCount(): Size {
    return symbol(this.newName());
  }

  /** The name of a symbol that nothing else has. */
  newName(): string {
    return this.#newName();
  }

  /** An output that mixes rows while others do not. */
  mixed(why: string): Value {
    return { kind: 'mixed', reason: reasonOf(this.node, why) };
  }

  /** Whether an output is used, as far as it has a name. */
  hasOutput(index: number): boolean {
    return (this.node.outputs[index] ?? '') !== '';
  }

  #attribute(name: string): OnnxAttribute | undefined {
    const attribute = this.node.attributes.get(name);
    if (attribute?.reference !== undefined) return meet(`its attribute '${name}' has no value`);
    return attribute;
  }

  /** An input as reasons name it. */
  nameOf(index: number): string {
    return `input '${this.node.inputs[index] ?? ''}'`;
  }
}

/** Why a node ends the proof. */
export function reasonOf({ name, op, domain, outputs }: OnnxNode, why: string): string {
  const operator = domain === '' ? op : `${domain}:${op}`;
  return `node '${name === '' ? outputs.join(', ') : name}' (${operator}): ${why}`;
}

/** An operator's rule: what its outputs are. Ends by `meet` where rows are not known to stay apart. */
export type Rule = (view: NodeView) => readonly Value[];

/** An axis counted from the front. */
export function axisOf(axis: number, rank: number): number {
  const counted = axis < 0 ? axis + rank : axis;
  return counted >= 0 && counted < rank ? counted : meet(`its axis ${axis} is none of ${rank}`);
}

/** Rows whose axis is the first, as operators want that count a batch there. */
export function requireFirst(value: Tensor): void {
  if (value.kind === 'rows' && value.axis !== 0) meet(`its data has the rows on axis ${value.axis}, not on the first`);
}

/** Whether a tensor has rows. */
export function hasRows(value: Tensor | undefined): value is RowsValue {
  return value?.kind === 'rows';
}

/** Ends the proof of an operator that does something to the axis that the rows are on. */
export function meetOn(axis: number, does = 'computes over'): never {
  return meet(`it ${does} axis ${axis}, on which the rows are`);
}

/** Ends the proof where the rows lie on an axis to which something is done. */
export function requireNotOn(value: Tensor, axis: number, does?: string): void {
  if (hasRows(value) && value.axis === axis) meetOn(axis, does);
}
