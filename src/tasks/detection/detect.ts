import { AppError } from '../../errors.js';
import type { Placement } from '../../image/placement.js';
import type { DetectionForm, PriorsConfig } from '../../model/tasks/detection-config.js';
import { bestFirst } from './best-first.js';
import { KeptBoxes, readBox, type Box, type BoxOptions } from './boxes.js';
import { findCandidates, type Scores } from './candidates.js';
import { fieldsFrom, readGrid, type Grid, type GridOrder, type Rows } from './grid.js';
import { makeMasks, readPrototypes, type KeptBox, type Prototypes } from './masks.js';
import { fieldsPerDetection, type DetectedRow, type DetectionRun } from './types.js';

/** One image's boxes and scores, as its form has them. */
interface Table {
  readonly boxes: Grid;
  readonly scores: Scores;
  readonly masks?: { readonly coefficients: Grid; readonly prototypes: Prototypes };
}

/**
 * The detections of each image of a run, best first (ties: the earlier box, then the lower class), in pixels of the image, cut at its
 * edges. Boxes without a part in the image are no detections. Throws MODEL_INVALID where outputs are not as their form has them.
 */
export function detect(run: DetectionRun): readonly DetectedRow[] {
  const tables = readTables(run);
  const priors = readPriors(run);
  return run.placements.map((placement, row) => {
    const table = tables(row);
    const { coordinates, units } = run.config;
    const options = { coordinates, units, ...run.input, ...(priors === undefined ? {} : { priors }) };
    checkCount(run, table, options);
    return detectRow(run, table, { placement, options });
  });
}

/** Least and most fields of the output that holds the boxes. */
const boxFields: Readonly<Record<DetectionForm, readonly [least: number, most: number]>> = {
  yolov5: [6, Infinity],
  yolov8: [5, Infinity],
  'rt-detr': [5, Infinity],
  'end-to-end': [6, 6],
  ssd: [4, 4],
  detr: [4, 4],
  'two-stage': [4, 4],
};
const listOrder = { rank: 1, fields: [1, 1] } as const;

/** How the outputs of each form are cut into boxes and scores. */
function readTables({ outputs, config, placements }: DetectionRun): (row: number) => Table {
  const { form, outputs: names } = config;
  const read = (name: string | undefined, order: Omit<GridOrder, 'rows'>): Rows =>
    readGrid(outputs, name ?? '', { ...order, rows: placements.length });
  const prototypes = config.masks && readPrototypes(outputs, config.masks.output, placements.length);
  const extra = prototypes === undefined ? 0 : prototypes(0).count;
  const [least, most] = boxFields[form];
  const fields = [least + extra, most + extra] as const;
  const boxes = read(names.boxes, { rank: 2, isFieldsFirst: form === 'yolov8', fields });
  const tableOf = (row: number, scores: (grid: Grid) => Scores): Table => {
    const whole = boxes(row);
    const own = whole.fields - extra;
    const grid = fieldsFrom(whole, 0, own);
    const masks = prototypes && { coefficients: fieldsFrom(whole, own), prototypes: prototypes(row) };
    return { boxes: fieldsFrom(grid, 0, 4), scores: scores(grid), ...(masks === undefined ? {} : { masks }) };
  };
  switch (form) {
    case 'yolov5':
      return (row) =>
        tableOf(row, (grid) => ({ kind: 'table', classes: fieldsFrom(grid, 5), objectness: fieldsFrom(grid, 4, 1) }));
    case 'yolov8':
    case 'rt-detr':
      return (row) => tableOf(row, (grid) => ({ kind: 'table', classes: fieldsFrom(grid, 4) }));
    case 'end-to-end':
      return (row) =>
        tableOf(row, (grid) => ({ kind: 'listed', scores: fieldsFrom(grid, 4, 1), classes: fieldsFrom(grid, 5, 1) }));
    case 'ssd':
    case 'detr': {
      const classes = read(names.scores, { rank: 2, fields: [config.background === 'none' ? 1 : 2, Infinity] });
      return (row) => tableOf(row, () => ({ kind: 'table', classes: classes(row) }));
    }
    case 'two-stage': {
      const [scores, classes] = [read(names.scores, listOrder), read(names.classes, listOrder)];
      return (row) => tableOf(row, () => ({ kind: 'listed', scores: scores(row), classes: classes(row) }));
    }
  }
}

function readPriors({ config, outputs, input }: DetectionRun): BoxOptions['priors'] | undefined {
  if (config.priors === undefined) return undefined;
  const { source, variances } = config.priors;
  if (source.kind === 'grid') {
    return { grid: makePriors(source, input), variances };
  }
  // Priors are the same for every image: of several rows the first says all.
  const { shape = [] } = outputs.get(source.name) ?? {};
  const rows = shape.length === 3 ? (shape[0] ?? 1) : 1;
  return { grid: readGrid(outputs, source.name, { rank: 2, rows, fields: [4, 4] })(0), variances };
}

/** As many boxes as scores, fields enough, and a prior for each box. */
function checkCount({ config }: DetectionRun, { boxes, scores }: Table, { priors }: Pick<BoxOptions, 'priors'>): void {
  const counted = scores.kind === 'table' ? [scores.classes] : [scores.scores, scores.classes];
  const other = [...counted, ...(priors === undefined ? [] : [priors.grid])].find((grid) => grid.boxes !== boxes.boxes);
  const what = other === priors?.grid && other !== undefined ? 'priors' : 'scores or classes';
  if (other !== undefined) {
    throw new AppError(
      'MODEL_INVALID',
      `detection of form "${config.form}" reads ${boxes.boxes} boxes and ${other.boxes} ${what}: expected as many`,
    );
  }
}

function detectRow(
  run: DetectionRun,
  { boxes, scores, masks }: Table,
  { placement, options }: { readonly placement: Placement; readonly options: BoxOptions },
): DetectedRow {
  const { config, asked } = run;
  const found = findCandidates(scores, { ...config, leastScore: asked.score });
  const suppress = config.suppress === 'none' && asked.iou !== undefined ? 'class' : config.suppress;
  const mostOverlap = asked.iou ?? config.iou;
  const keptOf = new Map<number, KeptBoxes>();
  const values: number[] = [];
  const kept: KeptBox[] = [];
  let nonFinite = found.nonFinite;
  for (const at of bestFirst(found.scores)) {
    const index = found.classes[at] as number;
    const box = readBox(boxes, found.boxes[at] as number, options);
    const { x0, y0, x1, y1 } = toImage(box, placement);
    if (Number.isNaN(x0 + y0 + x1 + y1)) nonFinite++;
    if (!(x0 < x1 && y0 < y1)) continue;
    if (suppress !== 'none') {
      const rivals = rivalsOf(keptOf, suppress === 'class' ? index : 0);
      if (rivals.isOverlapped(box, mostOverlap)) continue;
      rivals.add(box);
    }
    values.push(x0, y0, x1, y1, index, found.scores[at] as number);
    kept.push({ number: found.boxes[at] as number, corners: [x0, y0, x1, y1] });
    // Before the next is asked for, which may cost an order of all.
    if (values.length === asked.max * fieldsPerDetection) break;
  }
  const row = { values: Float64Array.from(values), nonFinite };
  if (masks === undefined || asked.mask === undefined || asked.mask === 'none') return row;
  return { ...row, masks: makeMasks({ run, ...masks, placement }, kept) };
}

function rivalsOf(keptOf: Map<number, KeptBoxes>, index: number): KeptBoxes {
  const known = keptOf.get(index);
  if (known !== undefined) return known;
  const rivals = new KeptBoxes();
  keptOf.set(index, rivals);
  return rivals;
}

/** A box of the input as one of the image, cut at its edges; NaN where it has no finite corners. */
function toImage({ x0, y0, x1, y1 }: Box, placement: Placement): Box {
  const { scaleX, scaleY, padX, padY, imageWidth, imageHeight } = placement;
  return {
    x0: within((x0 - padX) / scaleX, imageWidth),
    y0: within((y0 - padY) / scaleY, imageHeight),
    x1: within((x1 - padX) / scaleX, imageWidth),
    y1: within((y1 - padY) / scaleY, imageHeight),
  };
}

const within = (value: number, size: number): number =>
  Number.isFinite(value) ? Math.min(Math.max(value, 0), size) : NaN;

type GridPriors = Extract<PriorsConfig['source'], { kind: 'grid' }>;

/**
 * Square priors of every cell of every stride, as centre and size relative to the input: strides in their order, cells row by row,
 * sizes within a cell. At the right and lower edge a cell may be cut.
 */
function makePriors(
  { strides, sizes, clip }: GridPriors,
  { width, height }: { readonly width: number; readonly height: number },
): Grid {
  const values: number[] = [];
  strides.forEach((stride, level) => {
    for (let y = 0; y < Math.ceil(height / stride); y++) {
      for (let x = 0; x < Math.ceil(width / stride); x++) {
        for (const size of sizes[level] ?? []) {
          values.push(((x + 0.5) * stride) / width, ((y + 0.5) * stride) / height, size / width, size / height);
        }
      }
    }
  });
  const data = Float64Array.from(values, (value) => (clip ? Math.min(1, value) : value));
  return { data, from: 0, boxes: data.length / 4, fields: 4, boxStep: 4, fieldStep: 1 };
}
