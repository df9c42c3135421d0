import { AppError, messageOf } from '../errors.js';
import { isClose } from '../tensor/closeness.js';
import { sliceRows } from '../tensor/rows.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';

/** Runs requests in one run of as many rows. */
export type RunRows = (requests: readonly NamedTensors[]) => Promise<NamedTensors>;

/**
 * Runs two different rows apart and together, in both orders: rows that influence each other must not be batched. Answers
 * undefined when the outputs agree, else why batching has to stay off. `makeRow` gives new tensors for each call, since a
 * run takes them. Rejects where a run fails for no fault of the model's.
 */
export async function findBatchObstacle(
  run: RunRows,
  makeRow: (seed: number) => NamedTensors,
): Promise<string | undefined> {
  const seeds = findDifferentSeeds(makeRow);
  let apart: readonly NamedTensors[];
  try {
    apart = [await run([makeRow(seeds[0])]), await run([makeRow(seeds[1])])];
  } catch (error) {
    return `it could not be tried with made-up inputs (${refusalOf(error)})`;
  }
  try {
    const obstacle = findDifference(apart, await run(seeds.map(makeRow)));
    return obstacle ?? findDifference(apart.toReversed(), await run(seeds.toReversed().map(makeRow)));
  } catch (error) {
    const { uncut, shape } = error instanceof AppError ? error.details : {};
    if (typeof uncut === 'string') return `output '${uncut}' has the shape [${String(shape)}] for two rows`;
    return `two rows together fail (${refusalOf(error)})`;
  }
}

/** The text of a model's refusal; any other failure says nothing about the model and is thrown on. */
export function refusalOf(error: unknown): string {
  if (error instanceof AppError && error.code !== 'ENGINE_FAILED' && error.code !== 'INVALID_INPUT') throw error;
  return messageOf(error);
}

/** Two seeds whose rows differ; small inputs of 0 and 1 may be alike for neighbours. */
function findDifferentSeeds(makeRow: (seed: number) => NamedTensors): readonly [number, number] {
  const first = makeRow(1);
  for (let seed = 2; seed < 34; seed++) {
    const row = makeRow(seed);
    if ([...row].some(([name, tensor]) => !isSame(tensor, first.get(name)))) return [1, seed];
  }
  return [1, 2];
}

function isSame(left: Tensor, right: Tensor | undefined): boolean {
  const other = right?.data;
  return (left.data as readonly unknown[]).every((value, index) => value === other?.[index]);
}

function findDifference(apart: readonly NamedTensors[], together: NamedTensors): string | undefined {
  for (const [name, whole] of together) {
    if (whole.shape[0] !== 2) return `output '${name}' has the shape [${whole.shape.join(',')}] for two rows`;
    for (const [row, outputs] of apart.entries()) {
      const alone = outputs.get(name);
      if (alone === undefined) return `output '${name}' is missing for one row`;
      if (!isClose(sliceRows(whole, row, 1), alone)) {
        return `output '${name}' of a row depends on the rows beside it`;
      }
    }
  }
  return undefined;
}
