import { AppError } from '../errors.js';
import { arrayOf, datatypes, type Datatype, type NumericDatatype } from './datatype.js';
import { mostMadeUp } from './drawn.js';
import { toBrainBits, toHalfBits } from './half.js';
import { createRandom } from './random.js';
import { countElements, formatShape } from './shape.js';
import type { NamedTensors, Tensor, TensorSpec } from './tensor.js';

/** What the numbers of a made-up row are like: around 0, from 0 to 1, below 0, a hundred times larger, all 0. */
export const rowStyles = ['plain', 'unit', 'negative', 'large', 'zero'] as const;
/** A way to fill a row. */
export type RowStyle = (typeof rowStyles)[number];

/** The integers that an input takes, both ends included. */
export interface IntegerRange {
  readonly least: number;
  readonly most: number;
}

/** How to make one row. */
export interface RowRecipe {
  readonly style: RowStyle;
  readonly seed: number;
  /** By input; 0 and 1 for those that are not named. */
  readonly integers: ReadonlyMap<string, IntegerRange>;
}

const flags: IntegerRange = { least: 0, most: 1 };

/** One row for inputs whose shapes are all known but for the first dimension. Throws INVALID_INPUT where one is too large to make up. */
export function drawRow(specs: readonly TensorSpec[], recipe: RowRecipe): NamedTensors {
  const random = createRandom(recipe.seed);
  return new Map(
    specs.map((spec) => {
      const shape = spec.shape.map((dim) => (dim === -1 ? 1 : dim));
      const count = countElements(shape) ?? Infinity;
      if (count > mostMadeUp / rowStyles.length) {
        throw new AppError('INVALID_INPUT', `input '${spec.name}' is too large to make up: ${formatShape(shape)}`);
      }
      return [spec.name, drawTensor(spec, { shape, count, recipe, random })];
    }),
  );
}

interface Drawing {
  readonly shape: readonly number[];
  readonly count: number;
  readonly recipe: RowRecipe;
  readonly random: () => number;
}

function drawTensor({ name, datatype }: TensorSpec, { shape, count, recipe, random }: Drawing): Tensor {
  const { style, integers } = recipe;
  if (datatype === 'BYTES') {
    return { datatype, shape, data: Array.from({ length: count }, () => drawText(style, random)) };
  }
  const data = new (arrayOf(datatype))(count);
  if (style === 'zero') return { datatype, shape, data };
  const draw = drawerOf(datatype, { style, range: integers.get(name) ?? flags, random });
  for (let at = 0; at < count; at += 1) data[at] = draw();
  return { datatype, shape, data };
}

/** Digits are what a model that reads numbers from texts takes. */
function drawText(style: RowStyle, random: () => number): string {
  const number = Math.floor(random() * 1000);
  if (style === 'zero') return '';
  if (style === 'negative') return `-${number}.5`;
  if (style === 'large') return `Größe ${number} `.repeat(9);
  return style === 'unit' ? `word${number}` : String(number);
}

interface Numbers {
  readonly style: RowStyle;
  readonly range: IntegerRange;
  readonly random: () => number;
}

function drawerOf(datatype: NumericDatatype, { style, range, random }: Numbers): () => number | bigint {
  const { kind, bytes } = datatypes[datatype];
  const float = () => drawFloat(style, random);
  if (kind === 'float') return float;
  if (kind === 'half') return datatype === 'FP16' ? () => toHalfBits(float()) : () => toBrainBits(float());
  if (kind === 'bool') return () => (random() < 0.5 ? 0 : 1);
  const integer = () => drawInteger(range, random);
  return bytes === 8 ? () => BigInt(integer()) : integer;
}

function drawFloat(style: RowStyle, random: () => number): number {
  if (style === 'unit') return random();
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  if (style === 'negative') return -Math.abs(normal);
  return style === 'large' ? 100 * normal : normal;
}

/** Half of them below ten, half of any size within the range, as many of each number of digits. */
function drawInteger({ least, most }: IntegerRange, random: () => number): number {
  const isNegative = least < 0 && random() < 0.5;
  const end = isNegative ? -least : most;
  const size = random() < 0.5 ? random() * (Math.min(9, end) + 1) : (end + 1) ** random();
  const value = Math.min(end, Math.floor(size));
  return isNegative ? -value : value;
}

/** The largest size that an integer of a datatype is made up with; undefined for other datatypes. */
export function integerLimit(datatype: Datatype): number | undefined {
  const { kind, bytes } = datatypes[datatype];
  if (kind !== 'int' && kind !== 'uint') return undefined;
  return Math.min(mostInteger, 2 ** (8 * bytes - (kind === 'int' ? 1 : 0)) - 1);
}

/** Enough for the ids of most vocabularies, and harmless where an integer is a size. */
const mostInteger = 30_000;
