import { AppError, messageOf } from '../errors.js';
import { isSameShape } from '../tensor/shape.js';
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
      const part = sliceRows(whole, row, 1);
      if (!isSameShape(part.shape, alone.shape) || !isClose(part, alone)) {
        return `output '${name}' of a row depends on the rows beside it`;
      }
    }
  }
  return undefined;
}

/** Differences that other kernels for other sizes may cause, relative to the largest value. */
const tolerance = { FP16: 1e-2, BF16: 5e-2, FP32: 1e-3, FP64: 1e-6 } as const;

function isClose(left: Tensor, right: Tensor): boolean {
  if (left.datatype === 'BYTES' || right.datatype === 'BYTES') return isSameBytes(left, right);
  if (!(left.datatype in tolerance)) return left.data.every((value, index) => value === right.data[index]);
  const [a, b] = [toNumbers(left), toNumbers(right)];
  const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
  const most = tolerance[left.datatype as keyof typeof tolerance] * (Number.isFinite(largest) ? largest : 1);
  return a.every((value, index) => Object.is(value, b[index]) || Math.abs(value - (b[index] ?? NaN)) <= most);
}

function isSameBytes(left: Tensor, right: Tensor): boolean {
  const bytes = (tensor: Tensor) =>
    tensor.datatype === 'BYTES' ? tensor.data.map((item) => Buffer.from(item as string).toString('latin1')) : [];
  return bytes(left).join('\0') === bytes(right).join('\0');
}

function toNumbers({ datatype, data }: Exclude<Tensor, { datatype: 'BYTES' }>): readonly number[] {
  const numbers = Array.from(data as Float32Array, Number);
  return datatype === 'FP16' ? numbers.map(readHalf) : numbers;
}

/** The value of a half-precision pattern (IEEE 754 binary16). */
function readHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}
