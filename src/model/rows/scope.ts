import type { OnnxAttribute } from '../structure.js';
import type { Value } from './value.js';

/** The values of a graph by name; a subgraph sees those of the graphs around it. */
export class Scope {
  readonly opsets: ReadonlyMap<string, number>;
  /** Attributes of the call, inside a function. */
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
  readonly #values = new Map<string, Value>();
  readonly #around: Scope | undefined;

  constructor(from: Pick<Scope, 'opsets' | 'attributes'>, around?: Scope) {
    this.opsets = from.opsets;
    this.attributes = from.attributes;
    this.#around = around;
  }

  /** A scope for a subgraph. */
  inner(): Scope {
    return new Scope(this, this);
  }

  set(name: string, value: Value): void {
    if (name !== '') this.#values.set(name, value);
  }

  find(name: string): Value | undefined {
    return this.#values.get(name) ?? this.#around?.find(name);
  }
}
