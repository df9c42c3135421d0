import { arrayOf, type NumericDatatype } from '../../tensor/datatype.js';
import { drawRow, integerLimit, type IntegerRange } from '../../tensor/hard-rows.js';
import type { NamedTensors, TensorSpec } from '../../tensor/tensor.js';

/** Sizes that are tried, the largest first: an index into a table takes what is below the table's length. */
const sizes = [30_000, 5_000, 1_000, 100, 9, 2];

/**
 * The integers that each input takes, as wide as a model with a table behind an input lets them be: 0 and 1 at least, which are left
 * out of the answer. `accepts` runs one row.
 */
export async function findIntegerRanges(
  specs: readonly TensorSpec[],
  accepts: (row: NamedTensors) => Promise<boolean>,
): Promise<ReadonlyMap<string, IntegerRange>> {
  const names = specs.flatMap(({ name, datatype }) => (integerLimit(datatype) === undefined ? [] : [name]));
  const takes = (filled: ReadonlyMap<string, number>): Promise<boolean> => accepts(fill(specs, filled));
  const largest = new Map<string, number>();
  for (const name of names) {
    for (const size of sizes) {
      if (!(await takes(new Map([[name, size]])))) continue;
      largest.set(name, size);
      break;
    }
  }
  const ranges = new Map<string, IntegerRange>();
  for (const [name, most] of largest) {
    const isSigned = await takes(new Map([[name, -most]]));
    ranges.set(name, { least: isSigned ? -most : 0, most });
  }
  return (await takes(largest)) ? ranges : new Map();
}

/** A row whose named inputs hold one number everywhere, as large as their datatype has it; the others 0 and 1. */
function fill(specs: readonly TensorSpec[], filled: ReadonlyMap<string, number>): NamedTensors {
  const row = new Map(drawRow(specs, { style: 'unit', seed: 1, integers: new Map() }));
  for (const { name, datatype } of specs) {
    const [value, limit] = [filled.get(name), integerLimit(datatype)];
    const tensor = row.get(name);
    if (value === undefined || limit === undefined || tensor === undefined) continue;
    const data = new (arrayOf(datatype as NumericDatatype))(tensor.data.length);
    const number = Math.max(datatype.startsWith('U') ? 0 : -limit, Math.min(limit, value));
    for (let at = 0; at < data.length; at += 1)
      data[at] = data instanceof BigInt64Array || data instanceof BigUint64Array ? BigInt(number) : number;
    row.set(name, { datatype, shape: tensor.shape, data } as never);
  }
  return row;
}
