import type { NamedTensors, TensorSpec } from '../tensor/tensor.js';
import type { RunSize } from './runner.js';

/** Shapes whose cost is known; should there be more, the oldest starts again. */
const mostShapes = 256;

/** What runs of one model cost, by the shapes of their inputs. */
export class ShapeCosts<Cost> {
  /** Whether all of its rows have one shape. */
  readonly #hasEqualRows: boolean;
  /** Whether all of its inputs have one shape, rows and all. */
  readonly #isStatic: boolean;
  readonly #create: () => Cost;
  readonly #costs = new Map<number | string, Cost>();

  constructor(inputs: readonly TensorSpec[], create: () => Cost) {
    this.#hasEqualRows = inputs.every(({ shape, unranked }) => unranked !== true && !shape.includes(-1, 1));
    this.#isStatic = this.#hasEqualRows && inputs.every(({ shape }) => shape[0] !== -1);
    this.#create = create;
  }

  /** That of runs of this size: a new one where there was none. */
  of({ inputs, rows }: Pick<RunSize, 'inputs' | 'rows'>): Cost {
    const isTold = this.#isStatic || (rows > 0 && this.#hasEqualRows);
    const key = isTold ? bandOf(rows) : sizeOf(inputs, rows);
    const known = this.#costs.get(key);
    if (known !== undefined) return known;
    const [oldest] = this.#costs.keys();
    if (this.#costs.size >= mostShapes && oldest !== undefined) this.#costs.delete(oldest);
    const cost = this.#create();
    this.#costs.set(key, cost);
    return cost;
  }
}

/** Rows up to the same power of two cost the same. */
function bandOf(rows: number): number {
  return rows > 1 ? 32 - Math.clz32(rows - 1) : 0;
}

/** Shapes that cost the same. */
function sizeOf(inputs: NamedTensors, rows: number): string {
  let text = rows > 0 ? `${bandOf(rows)} rows;` : '';
  for (const { shape } of inputs.values()) text += `${(rows > 0 ? shape.slice(1) : shape).join()};`;
  return text;
}
