import { AppError } from '../../errors.js';
import { withRows } from '../../model/tasks/segmentation-config.js';
import { numbersOf } from '../../tensor/half.js';
import { formatShape } from '../../tensor/shape.js';
import type { Placement } from '../../image/placement.js';
import { mapClasses, mapScores, type ScoreField } from './class-map.js';
import { writeMaskPng } from './png.js';
import type { ClassMap, MaskForm, SegmentationRun, SegmentedClass, SegmentedRow } from './types.js';

/**
 * What each image of a run holds, and its mask in pixels of the image as it was sent. Throws MODEL_INVALID where the output is not as its
 * form has it, and where a score is no finite number.
 */
export function segment(run: SegmentationRun): readonly SegmentedRow[] {
  const fields = readFields(run);
  return run.placements.map((placement, row) => {
    const field = fields(row);
    const map = mapOf(run, field, placement);
    const of = run.config.form === 'classes' ? undefined : field.classes === 1 ? 2 : field.classes;
    return { width: map.width, height: map.height, of, ...describeMap(map, run.mask) };
  });
}

function mapOf({ config, input }: SegmentationRun, field: ScoreField, placement: Placement): ClassMap {
  if (config.form === 'scores') {
    const { activation, threshold } = config;
    // A logit is compared with the logit of the threshold: the sigmoid of what is interpolated keeps its order.
    const least = activation === 'none' ? threshold : Math.log(threshold / (1 - threshold));
    return mapScores(field, { placement, input, least });
  }
  const map = mapClasses(field, { placement, input });
  if (typeof map !== 'number') return map;
  throw invalid(config.output, `reads the class number ${String(map)}, expected a whole number from 0 to 65535`);
}

/** Reads the output, a field for each row of it. */
function readFields({ outputs, config, placements }: SegmentationRun): (row: number) => ScoreField {
  const tensor = outputs.get(config.output);
  if (tensor === undefined || tensor.datatype === 'BYTES') throw invalid(config.output, 'holds no numbers here');
  const shape = withRows(config, tensor.shape);
  const isMap = config.form === 'classes' && shape.length === 3;
  const [rows, a = 0, b = 0, c = 0] = shape;
  const isFirst = config.layout === 'NCHW';
  const [classes, height, width] = isMap ? [1, a, b] : isFirst ? [a, b, c] : [c, a, b];
  const isOfForm =
    (isMap || shape.length === 4) && rows === placements.length && (config.form === 'scores' || classes === 1);
  if (!isOfForm || width * height * classes === 0 || classes > 65_535) {
    const layout = config.form === 'classes' ? 'H,W' : isFirst ? 'C,H,W' : 'H,W,C';
    throw invalid(
      config.output,
      `has the shape ${formatShape(tensor.shape)} here, expected [${placements.length},${layout}], a row for each image`,
    );
  }
  const data = finite(numbersOf(tensor), config.output);
  const [classStep, rowStep, columnStep] =
    isFirst || isMap ? [width * height, width, 1] : [1, width * classes, classes];
  const size = classes * width * height;
  return (row) => ({ data, from: row * size, classes, width, height, classStep, rowStep, columnStep });
}

function finite(data: ReturnType<typeof numbersOf>, output: string): ArrayLike<number> {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float64Array.from(data, Number);
  for (let at = 0; at < data.length; at++) {
    if (!Number.isFinite(data[at])) throw invalid(output, `holds ${String(data[at])}, expected finite numbers`);
  }
  return data;
}

function invalid(output: string, what: string): AppError {
  return new AppError('MODEL_INVALID', `segmentation: output '${output}' ${what}`);
}

/** A PNG has room for 256 numbers. */
const mostColours = 256;

function describeMap(map: ClassMap, mask: MaskForm): Pick<SegmentedRow, 'found' | 'png'> {
  const pixels = new Map<number, number>();
  const runs = new Map<number, number[]>();
  const { classes } = map;
  for (let start = 0; start < classes.length;) {
    const index = classes[start] as number;
    let end = start + 1;
    while (end < classes.length && classes[end] === index) end++;
    pixels.set(index, (pixels.get(index) ?? 0) + end - start);
    if (mask === 'runs') {
      const own = runs.get(index);
      if (own === undefined) runs.set(index, [start, end - start]);
      else own.push(start, end - start);
    }
    start = end;
  }
  const indices = [...pixels.keys()].sort((a, b) => a - b);
  if (mask === 'png' && (indices.at(-1) ?? 0) >= mostColours) {
    throw new AppError(
      'INVALID_INPUT',
      `The mask holds class number ${String(indices.at(-1))}, and a PNG can hold ${mostColours}: request ?mask=runs or ?mask=none`,
    );
  }
  const found = indices.map((index): SegmentedClass => {
    const own = runs.get(index);
    return { index, pixels: pixels.get(index) ?? 0, ...(own === undefined ? {} : { runs: own }) };
  });
  return { found, ...(mask === 'png' ? { png: writeMaskPng(map).toString('base64') } : {}) };
}
