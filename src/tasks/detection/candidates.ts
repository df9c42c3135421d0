import { AppError } from '../../errors.js';
import type { DetectionConfig } from '../../model/tasks/detection-config.js';
import type { Grid } from './grid.js';

/** What of one image a score is read from. */
export type Scores =
  | {
      readonly kind: 'table';
      /** A field for each class. */
      readonly classes: Grid;
      /** One field, a factor on every class. */
      readonly objectness?: Grid;
    }
  | { readonly kind: 'listed'; readonly scores: Grid; readonly classes: Grid };

/** Boxes whose score is high enough: their numbers, classes and scores, box by box and then class by class. */
export interface Candidates {
  readonly boxes: Float64Array;
  readonly classes: Float64Array;
  readonly scores: Float64Array;
  /** Boxes with a score that is no finite number. */
  readonly nonFinite: number;
}

/** Which boxes are considered. */
export interface CandidateOptions extends Pick<DetectionConfig, 'activation' | 'background' | 'perBox'> {
  readonly leastScore: number;
}

/** Finds the boxes that reach a score. They stand until the next are looked for. */
export function findCandidates(scores: Scores, options: CandidateOptions): Candidates {
  const found = gathered.open(options.leastScore);
  if (scores.kind === 'listed') addListed(scores, options, found);
  else if (options.perBox === 'best' && options.activation !== 'softmax') addBest(scores, options, found);
  else if (options.activation === 'none' && scores.objectness === undefined) addAsGiven(scores, options, found);
  else addByBox(scores, options, found);
  return found.all;
}

/** Room for candidates that is used again; larger lists have their own. */
const keptRoom = 16_384;

/** Gathers candidates: lists that grow one by one would take most of the time. */
class Found {
  nonFinite = 0;
  leastScore = 0;
  private boxes = new Float64Array(keptRoom);
  private classes = new Float64Array(keptRoom);
  private scores = new Float64Array(keptRoom);
  private length = 0;

  /** Forgets those before. */
  open(leastScore: number): this {
    this.leastScore = leastScore;
    this.nonFinite = 0;
    this.length = 0;
    if (this.boxes.length > keptRoom) this.resize(keptRoom);
    return this;
  }

  add(box: number, index: number, score: number): void {
    if (isBroken(score)) this.nonFinite++;
    if (!(score >= this.leastScore) || score === Infinity) return;
    if (score > mostScore) throw noProbability(score);
    const at = this.length;
    if (at === this.boxes.length) this.resize(2 * at);
    this.boxes[at] = box;
    this.classes[at] = index;
    this.scores[at] = score;
    this.length = at + 1;
  }

  private resize(room: number): void {
    const resized = (values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
      const copy = new Float64Array(room);
      copy.set(values.subarray(0, room));
      return copy;
    };
    this.boxes = resized(this.boxes);
    this.classes = resized(this.classes);
    this.scores = resized(this.scores);
  }

  get all(): Candidates {
    const { boxes, classes, scores, length, nonFinite } = this;
    const part = (values: Float64Array): Float64Array => values.subarray(0, length);
    return { boxes: part(boxes), classes: part(classes), scores: part(scores), nonFinite };
  }
}

const gathered = new Found();

function addListed(
  { scores, classes }: Extract<Scores, { kind: 'listed' }>,
  { leastScore, activation }: CandidateOptions,
  found: Found,
): void {
  for (let box = 0; box < scores.boxes; box++) {
    const raw = scores.data[scores.from + box * scores.boxStep] as number;
    const index = classes.data[classes.from + box * classes.boxStep] as number;
    if (index < 0) continue; // how exporters fill lists up
    if (raw >= leastScore && !Number.isSafeInteger(index)) throw noClass(index);
    found.add(box, index, activation === 'sigmoid' ? sigmoid(raw) : raw);
  }
}

/** The first and the last class that are looked at, the background left out. */
function classRange({ fields }: Grid, { background }: CandidateOptions): readonly [first: number, end: number] {
  return [background === 'first' ? 1 : 0, background === 'last' ? fields - 1 : fields];
}

type Table = Extract<Scores, { kind: 'table' }>;

/**
 * The best class of each box, the first of equal ones. Values are read in the order in which they lie, which for tables of
 * fields by boxes is a third of the time. Sigmoid keeps their order and is left for the best.
 */
function addBest({ classes, objectness }: Table, options: CandidateOptions, found: Found): void {
  const { data, from, boxes, boxStep, fieldStep } = classes;
  const [first, end] = classRange(classes, options);
  const best = new Float64Array(boxes).fill(-Infinity);
  const index = new Int32Array(boxes).fill(first);
  const look = (box: number, field: number): void => {
    const value = data[from + box * boxStep + field * fieldStep] as number;
    if (value > (best[box] as number)) {
      best[box] = value;
      index[box] = field;
    } else if (value !== value) {
      best[box] = NaN; // no value is greater, so it stays
    }
  };
  if (boxStep === 1) {
    for (let field = first; field < end; field++) for (let box = 0; box < boxes; box++) look(box, field);
  } else {
    for (let box = 0; box < boxes; box++) for (let field = first; field < end; field++) look(box, field);
  }
  const isSigmoid = options.activation === 'sigmoid';
  for (let box = 0; box < boxes; box++) {
    const raw = best[box] as number;
    const score = (isSigmoid ? sigmoid(raw) : raw) * factorOf(objectness, box, isSigmoid);
    found.add(box, index[box] as number, score);
  }
}

/** Every class of each box, as the model gives it. */
function addAsGiven({ classes }: Table, options: CandidateOptions, found: Found): void {
  const { data, from, boxes, boxStep, fieldStep } = classes;
  const [first, end] = classRange(classes, options);
  for (let box = 0; box < boxes; box++) {
    const at = from + box * boxStep;
    let broken = 0;
    for (let index = first; index < end; index++) if (isBroken(data[at + index * fieldStep] as number)) broken++;
    if (broken > 0) found.nonFinite++;
    else for (let index = first; index < end; index++) found.add(box, index, data[at + index * fieldStep] as number);
  }
}

/** Each box by itself: softmax needs all classes of it, and several may be wanted. */
function addByBox({ classes, objectness }: Table, options: CandidateOptions, found: Found): void {
  const { data, from, boxes, fields, boxStep, fieldStep } = classes;
  const { activation, perBox } = options;
  const [first, end] = classRange(classes, options);
  const values = new Float64Array(fields);
  for (let box = 0; box < boxes; box++) {
    const at = from + box * boxStep;
    for (let field = 0; field < fields; field++) values[field] = data[at + field * fieldStep] as number;
    activate(values, activation);
    const factor = factorOf(objectness, box, activation === 'sigmoid');
    let broken = 0;
    for (let index = first; index < end; index++) if (isBroken((values[index] as number) * factor)) broken++;
    if (broken > 0) {
      found.nonFinite++;
      continue;
    }
    let best = first;
    for (let index = first; index < end; index++) {
      if (perBox === 'all') found.add(box, index, (values[index] as number) * factor);
      else if ((values[index] as number) > (values[best] as number)) best = index;
    }
    if (perBox === 'best' && first < end) found.add(box, best, (values[best] as number) * factor);
  }
}

/** Minus infinity is how models say "not at all". */
const isBroken = (value: number): boolean => Number.isNaN(value) || value === Infinity;

/** Probabilities may come out above 1 by rounding. */
const mostScore = 1.01;

function noProbability(score: number): AppError {
  return new AppError(
    'MODEL_INVALID',
    `detection reads a score of ${String(score)}, expected 0 to 1: set detection.activation to what the model leaves out, or detection.form to another one`,
  );
}

function noClass(index: number): AppError {
  return new AppError(
    'MODEL_INVALID',
    `detection reads the class number ${String(index)}, expected a whole number: of a box's six fields the fifth is the score, the sixth the class`,
  );
}

function factorOf(objectness: Grid | undefined, box: number, isSigmoid: boolean): number {
  if (objectness === undefined) return 1;
  const value = objectness.data[objectness.from + box * objectness.boxStep] as number;
  return isSigmoid ? sigmoid(value) : value;
}

const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));

/** In place. Softmax subtracts the largest first, which changes nothing but keeps exp() finite. */
function activate(values: Float64Array, activation: CandidateOptions['activation']): void {
  if (activation === 'none') return;
  if (activation === 'sigmoid') {
    for (let i = 0; i < values.length; i++) values[i] = sigmoid(values[i] as number);
    return;
  }
  let largest = -Infinity;
  for (const value of values) largest = value > largest || value !== value ? value : largest;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] = Math.exp((values[i] as number) - largest);
  for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) / sum;
}
