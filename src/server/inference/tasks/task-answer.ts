import type { InferResult } from '../../../batching/types.js';
import type { NumericTensor } from '../../../tensor/tensor.js';
import type { Codec } from '../../codec/codec.js';
import { detectionOptions, maskForms, type PredictionOptions } from '../../codec/prediction-options.js';
import { writeDetections, type Frame, type FramedResult } from './detections.js';
import { makeVectors, writeSimilarity } from './embeddings.js';
import type { ModelView } from '../model-view.js';
import { formatPredictions, readPredictions } from './predictions.js';
import { writeSegmentations } from './segmentations.js';
import { inOrder } from './texts.js';

/** The results of an answer's runs. */
export interface TaskRuns {
  readonly results: readonly InferResult[];
  /** Where the images of each run lie; of a task that answers in pixels. */
  readonly frames: readonly (Frame | undefined)[];
  /** Which tokens of each run count. */
  readonly masks?: readonly (NumericTensor | undefined)[];
  /** Which input each row is, run by run, where that is not their order. */
  readonly order?: readonly number[];
}

/** What is answered of them. */
export interface TaskAnswer {
  readonly runs: TaskRuns;
  readonly asked: PredictionOptions;
  readonly nonFiniteTokens: boolean;
  /** Of one input its answer, and no list of one. */
  readonly isAlone: boolean;
}

interface TaskCall {
  readonly view: ModelView;
  /** The outputs are read afterwards. */
  readonly withOutputs: boolean;
}

/** What the model's task makes of the outputs, as members of the answer. */
export async function writeTask(codec: Codec, call: TaskCall, answer: TaskAnswer): Promise<string> {
  const { detection, segmentation, embedding, classification } = call.view.model.config;
  if (detection !== undefined) return writeFound(codec, call, answer);
  if (segmentation !== undefined) return writeMasks(codec, call, answer);
  if (embedding !== undefined) return writeVectors(codec, call, answer);
  return classification === undefined ? '' : writeLabels(call, answer, classification.top);
}

const listOf = (texts: readonly string[], { isAlone }: TaskAnswer): string =>
  texts.length === 1 && isAlone ? (texts[0] ?? '[]') : `[${texts.join(',')}]`;

const framed = ({ results, frames }: TaskRuns): readonly FramedResult[] =>
  results.flatMap((result, n) => {
    const frame = frames[n];
    return frame === undefined ? [] : [{ result, frame }];
  });

async function writeFound(codec: Codec, { view: { model }, withOutputs }: TaskCall, answer: TaskAnswer) {
  const { texts, nonFinite } = await writeDetections(codec, model, {
    runs: framed(answer.runs),
    asked: detectionOptions(answer.asked, model.config),
    isKept: withOutputs,
  });
  return `,"detections":${listOf(texts, answer)}${nonFinite > 0 ? `,"non_finite_boxes":${nonFinite}` : ''}`;
}

async function writeMasks(codec: Codec, { view: { model }, withOutputs }: TaskCall, answer: TaskAnswer) {
  const mask = maskForms[answer.asked.mask ?? 0] ?? 'png';
  const texts = await writeSegmentations(codec, model, { runs: framed(answer.runs), mask, isKept: withOutputs });
  return `,"segmentation":${listOf(texts, answer)}`;
}

async function writeVectors(codec: Codec, { view: { model }, withOutputs }: TaskCall, answer: TaskAnswer) {
  const { results, masks, order } = answer.runs;
  const runs = results.map((result, n) => ({ result, mask: masks?.[n] }));
  const vectors = inOrder(await makeVectors(codec, model, { runs, isKept: withOutputs }), order);
  const compared = answer.asked.similarity === 1 ? `,"similarity":${writeSimilarity(vectors)}` : '';
  const texts = vectors.map(({ text }) => text);
  return `,"embeddings":${listOf(texts, answer)}${compared}`;
}

function writeLabels({ view: { model } }: TaskCall, answer: TaskAnswer, ownTop: number): string {
  const { results, order } = answer.runs;
  const top = answer.asked.top ?? ownTop;
  const rows = inOrder(
    results.flatMap(({ outputs }) => readPredictions(model, outputs, top)),
    order,
  );
  const texts = rows.map((row) => formatPredictions(row, answer.nonFiniteTokens));
  return `,"predictions":${listOf(texts, answer)}`;
}
