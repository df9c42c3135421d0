import { AppError, messageOf } from '../../errors.js';
import { drawRow, rowStyles, type IntegerRange, type RowRecipe } from '../../tensor/hard-rows.js';
import { areAlike, findSpread, type NoiseKind, type Spread } from '../../tensor/noise.js';
import { sliceRows } from '../../tensor/rows.js';
import type { NamedTensors, Tensor, TensorSpec } from '../../tensor/tensor.js';
import { findIntegerRanges } from './integer-ranges.js';

/** Runs requests in one run of as many rows. */
export type RunRows = (requests: readonly NamedTensors[]) => Promise<NamedTensors>;

/** A loaded model, as the measured proof sees it. */
export interface ProofSubject {
  readonly run: RunRows;
  /** Inputs for each of several sizes of the variable dimensions behind the first, which alone is left variable. */
  readonly settings: readonly (readonly TensorSpec[])[];
  readonly noise: NoiseKind;
}

/** What the measurement says; `untried`: the model refuses what is made up, which says nothing about it. */
export type Measurement =
  | { readonly kind: 'agrees' }
  | { readonly kind: 'obstacle'; readonly reason: string }
  | { readonly kind: 'untried'; readonly problem: string };

/** Settings that are measured, of those that the model takes. */
const mostSettings = 2;

/** Places of the rows in the runs that they share: each row first, last, between, and beside others than before. */
const orders = [
  [0, 1, 2, 3, 4],
  [4, 3, 2, 1, 0],
  [2, 0, 4, 1, 3],
  [3, 0],
] as const;

/** Rows of ordinary size, by which noise is judged, and those of them that also run beside copies of themselves. */
const ordinary = [0, 1, 2];
const doubled = [0, 2];

/** Whether rows of a model are independent of each other, for several sizes of its other dimensions. Rejects where a run fails for no fault of the model's. */
export async function measureRows({ run, settings, noise }: ProofSubject): Promise<Measurement> {
  let problem = 'no inputs could be made up';
  let tried = 0;
  for (const specs of settings) {
    if (tried === mostSettings) break;
    try {
      await run([drawRow(specs, { style: 'unit', seed: 1, integers: new Map() })]);
    } catch (error) {
      problem = refusalOf(error);
      continue;
    }
    tried += 1;
    const reason = await findObstacle(run, specs, noise);
    if (reason !== undefined) return { kind: 'obstacle', reason };
  }
  return tried === 0 ? { kind: 'untried', problem } : { kind: 'agrees' };
}

/** The text of a model's refusal; any other failure says nothing about the model and is thrown on. */
export function refusalOf(error: unknown): string {
  if (error instanceof AppError && error.code !== 'ENGINE_FAILED' && error.code !== 'INVALID_INPUT') throw error;
  return messageOf(error);
}

/** A row with what the model answers to it alone. */
interface Row {
  readonly make: () => NamedTensors;
  readonly alone: NamedTensors;
}

/**
 * - Each row runs alone, then with others in several orders: its answer has to be the same but for the rounding of other kernels.
 * - Some run beside copies of themselves: the same row at the same place of a run of the same size has to give the same whatever
 *   stands beside it, nearly to the last bit.
 */
async function findObstacle(run: RunRows, specs: readonly TensorSpec[], kind: NoiseKind): Promise<string | undefined> {
  try {
    const rows = await makeRows(run, specs);
    const spreads = { ordinary: spreadsOf(ordinary.map((at) => rows[at] as Row)), all: spreadsOf(rows) };
    for (const row of rows) {
      const reason = compare([row], row.alone, { kind, spreads: spreads.all });
      if (reason !== undefined) return reason;
    }
    const twins = new Map<number, NamedTensors>();
    for (const at of doubled) {
      const together = await run(rows.map(() => (rows[at] as Row).make()));
      twins.set(at, together);
      const reason = compare(
        rows.map(() => rows[at] as Row),
        together,
        { kind, spreads: spreads.ordinary },
      );
      if (reason !== undefined) return reason;
    }
    for (const order of orders) {
      const together = await run(order.map((at) => (rows[at] as Row).make()));
      const reason =
        compare(
          order.map((at) => rows[at] as Row),
          together,
          { kind, spreads: spreads.all },
        ) ?? compareTwins(order, { together, twins, kind, spreads: spreads.ordinary });
      if (reason !== undefined) return reason;
    }
    return undefined;
  } catch (error) {
    const { uncut, shape } = error instanceof AppError ? error.details : {};
    if (typeof uncut === 'string') return `output '${uncut}' has the shape [${String(shape)}] for several rows`;
    return `several rows together fail (${refusalOf(error)})`;
  }
}

/** A row of each style; of one that the model refuses, an ordinary one instead. */
async function makeRows(run: RunRows, specs: readonly TensorSpec[]): Promise<readonly Row[]> {
  const integers = await findIntegerRanges(specs, (inputs) => accepts(run, inputs));
  const rows: Row[] = [];
  for (const [index, style] of rowStyles.entries()) {
    const recipes: RowRecipe[] = [
      { style, seed: index + 1, integers },
      { style: 'plain', seed: index + 11, integers },
      { style: 'unit', seed: index + 1, integers: new Map<string, IntegerRange>() },
    ];
    for (const recipe of recipes) {
      const make = () => drawRow(specs, recipe);
      const alone = await run([make()]).catch((error: unknown) => void refusalOf(error));
      if (alone === undefined) continue;
      rows.push({ make, alone });
      break;
    }
  }
  if (rows.length === rowStyles.length) return rows;
  throw new AppError('ENGINE_FAILED', 'it now refuses a row that it accepted alone');
}

async function accepts(run: RunRows, inputs: NamedTensors): Promise<boolean> {
  try {
    await run([inputs]);
    return true;
  } catch (error) {
    refusalOf(error);
    return false;
  }
}

type Spreads = ReadonlyMap<string, Spread>;

function spreadsOf(rows: readonly Row[]): Spreads {
  const names = [...(rows[0]?.alone.keys() ?? [])];
  return new Map(
    names.map((name) => {
      const spread = findSpread(rows.map(({ alone }) => alone.get(name) as Tensor));
      return [name, { ...spread, range: 0 }];
    }),
  );
}

interface Judging {
  readonly kind: NoiseKind;
  readonly spreads: Spreads;
}

function compare(rows: readonly Row[], together: NamedTensors, { kind, spreads }: Judging): string | undefined {
  for (const [name, whole] of together) {
    if (whole.shape[0] !== rows.length) {
      return `output '${name}' has the shape [${whole.shape.join(',')}] for ${rows.length === 1 ? 'one row' : 'several rows'}`;
    }
    const spread = spreads.get(name) as Spread;
    for (const [at, { alone }] of rows.entries()) {
      const own = alone.get(name) as Tensor;
      if (areAlike(sliceRows(whole, at, 1), own, { kind, spread, kernels: 'other' })) continue;
      return `output '${name}' of a row depends on the rows beside it`;
    }
  }
  return undefined;
}

interface Twins extends Judging {
  readonly together: NamedTensors;
  /** By row: what as many copies of it answer. */
  readonly twins: ReadonlyMap<number, NamedTensors>;
}

function compareTwins(order: readonly number[], { together, twins, kind, spreads }: Twins): string | undefined {
  for (const [place, at] of order.entries()) {
    const twin = twins.get(at);
    if (twin === undefined || order.length !== rowStyles.length) continue;
    for (const [name, whole] of together) {
      const [left, right] = [whole, twin.get(name) as Tensor].map((tensor) => sliceRows(tensor, place, 1)) as [
        Tensor,
        Tensor,
      ];
      if (areAlike(left, right, { kind, spread: spreads.get(name) as Spread, kernels: 'same' })) continue;
      return `output '${name}' of a row depends on the rows beside it`;
    }
  }
  return undefined;
}
