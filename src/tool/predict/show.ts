import { escapeMisleading } from '../../protocol/paths.js';
import { formatTable } from '../../launch/text/table.js';
import { numbersOf } from '../../tensor/half.js';
import { formatShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { vectorsOf, type AnswerBody, type Found, type Labelled, type Segmented } from './answer-body.js';

/** Numbers of a list that are shown. */
const shownNumbers = 8;

/** An answer for people: tables of boxes and labels, vectors and tensors in one line each. */
export function showAnswer(body: AnswerBody, outputs?: ReadonlyMap<string, Tensor>): string {
  const parts = [
    ...(Array.isArray(body.predictions) ? [showPredictions(body.predictions)] : []),
    ...(body.detections === undefined ? [] : listsOf<Found>(body.detections).map(showDetections)),
    ...(body.segmentation === undefined ? [] : toList(body.segmentation).map(showSegmentation)),
    ...(body.embeddings === undefined ? [] : [vectorsOf(body).map(showVector).join('\n')]),
    ...(body.similarity === undefined ? [] : [showMatrix(body.similarity)]),
    ...(outputs === undefined ? showRest(body) : [[...outputs].map(showTensor).join('\n')]),
  ];
  return parts.length === 0 ? JSON.stringify(body) : parts.join('\n\n');
}

/** Outputs in version 1's form, and what else an answer of another server holds. */
function showRest({ outputs, predictions }: AnswerBody): readonly string[] {
  const rest = outputs ?? (Array.isArray(predictions) ? undefined : predictions);
  return rest === undefined ? [] : [shorten(JSON.stringify(rest))];
}

function toList<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

/** One list an input, also where there was one input. */
function listsOf<T>(value: readonly T[] | readonly (readonly T[])[]): readonly (readonly T[])[] {
  return value.length > 0 && value.every((each) => Array.isArray(each))
    ? (value as readonly (readonly T[])[])
    : [value as readonly T[]];
}

function showPredictions(predictions: readonly unknown[]): string {
  if (!isLabelled(predictions.flat()[0])) return predictions.map((row) => shorten(JSON.stringify(row))).join('\n');
  return listsOf(predictions as readonly Labelled[])
    .map((rows) =>
      formatTable(
        ['LABEL', 'PROBABILITY'],
        rows.map((row) => [nameOf(row), percent(row.probability ?? NaN)]),
      ),
    )
    .join('\n\n');
}

function isLabelled(value: unknown): value is Labelled {
  return typeof value === 'object' && value !== null && 'index' in value && 'probability' in value;
}

function nameOf({ label, index }: Pick<Labelled, 'label' | 'index'>): string {
  return label === undefined ? `class ${index}` : escapeMisleading(label);
}

function showDetections(found: readonly Found[]): string {
  if (found.length === 0) return 'nothing found';
  const rows = found.map((one) => [nameOf(one), percent(one.score), ...one.box.map((side) => side.toFixed(1))]);
  return formatTable(['LABEL', 'SCORE', 'LEFT', 'TOP', 'RIGHT', 'BOTTOM'], rows);
}

function showSegmentation({ width, height, classes }: Segmented): string {
  const rows = classes.map((one) => [nameOf(one), percent(one.share), String(one.pixels)]);
  return `${width} x ${height} pixels\n${formatTable(['CLASS', 'SHARE', 'PIXELS'], rows)}`;
}

function showVector(vector: readonly number[], at: number): string {
  const length = Math.hypot(...vector);
  return `${at}  ${vector.length} numbers, length ${round(length)}: ${listNumbers(vector)}`;
}

function showMatrix(rows: readonly (readonly number[])[]): string {
  const heads = ['', ...rows.map((_, at) => String(at))];
  return formatTable(
    heads,
    rows.map((row, at) => [String(at), ...row.map((value) => value.toFixed(3))]),
  );
}

function showTensor([name, tensor]: readonly [string, Tensor]): string {
  const head = `${escapeMisleading(name)}  ${tensor.datatype}${formatShape(tensor.shape)}`;
  if (tensor.datatype === 'BYTES') {
    const texts = tensor.data.slice(0, shownNumbers).map((each) => JSON.stringify(Buffer.from(each).toString()));
    return `${head}  ${escapeMisleading(texts.join(' '))}${rest(tensor.data.length)}`;
  }
  const numbers = numbersOf(tensor);
  if (numbers.length === 0) return `${head}  no elements`;
  const isWide = numbers.length > shownNumbers;
  return `${head}  ${listNumbers([...numbers.subarray(0, shownNumbers)], numbers.length)}${isWide ? `  ${rangeOf(numbers)}` : ''}`;
}

/** Least and most of the numbers, those that are not finite counted apart. */
function rangeOf(numbers: Iterable<number | bigint>): string {
  let [least, most, strange] = [undefined as number | bigint | undefined, undefined as number | bigint | undefined, 0];
  for (const value of numbers) {
    if (typeof value === 'number' && !Number.isFinite(value)) strange += 1;
    else {
      if (least === undefined || value < least) least = value;
      if (most === undefined || value > most) most = value;
    }
  }
  const range = least === undefined || most === undefined ? '' : `from ${round(least)} to ${round(most)}`;
  return `(${[range, ...(strange === 0 ? [] : [`${strange} not finite`])].filter((part) => part !== '').join(', ')})`;
}

function listNumbers(values: readonly (number | bigint)[], length = values.length): string {
  return `${values.slice(0, shownNumbers).map(round).join(' ')}${rest(length)}`;
}

function rest(length: number): string {
  return length > shownNumbers ? ` ... ${length - shownNumbers} more` : '';
}

/** Whole numbers as they are, others with five digits. */
function round(value: number | bigint): string {
  return typeof value === 'bigint' || Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5)));
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

const mostCharacters = 400;

function shorten(text: string): string {
  return text.length <= mostCharacters
    ? text
    : `${text.slice(0, mostCharacters)} ... ${text.length - mostCharacters} characters more (--json shows all)`;
}
