import { AppError } from '../errors.js';
import type { ClassificationConfig } from '../model/config.js';
import type { ServableModel } from '../repository/types.js';
import { elementsPerRow, formatShape } from '../tensor/shape.js';
import type { NamedTensors } from '../tensor/tensor.js';

/** One class of an answer; `label` where the model has labels. */
export interface Prediction {
  readonly label?: string;
  readonly index: number;
  readonly probability: number;
}

/** The `top` classes of each row, highest first, ties by lower index. Throws INVALID_INPUT where the model declares no classification. */
export function readPredictions(
  model: ServableModel,
  outputs: NamedTensors,
  top: number,
): readonly (readonly Prediction[])[] {
  const { classification, batching } = model.config;
  const tensor = classification === undefined ? undefined : outputs.get(classification.output);
  if (classification === undefined || tensor === undefined || tensor.datatype === 'BYTES') return [];
  const isBatched = batching.maxRows > 0;
  const size = isBatched ? elementsPerRow(tensor.shape) : tensor.data.length;
  if (!Number.isSafeInteger(size))
    throw new AppError('INTERNAL', `Output of shape ${formatShape(tensor.shape)} has no rows`);
  const rows = size === 0 ? 0 : tensor.data.length / size;
  return Array.from({ length: rows }, (_, row) => {
    const values = Array.from(tensor.data.subarray(row * size, (row + 1) * size), Number);
    return rank(activate(values, classification.activation), top).map(({ index, probability }) => {
      const label = model.labels[index];
      return label === undefined ? { index, probability } : { label, index, probability };
    });
  });
}

/** Scores as probabilities. Softmax subtracts the largest first, which changes nothing but keeps exp() finite. */
export function activate(values: readonly number[], activation: ClassificationConfig['activation']): readonly number[] {
  if (activation === 'none') return values;
  if (activation === 'sigmoid') return values.map((value) => 1 / (1 + Math.exp(-value)));
  const largest = values.reduce((best, value) => Math.max(best, value), -Infinity);
  const powers = values.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

function rank(probabilities: readonly number[], top: number): readonly Prediction[] {
  const all = probabilities.map((probability, index) => ({ index, probability }));
  return all.sort((a, b) => b.probability - a.probability || a.index - b.index).slice(0, top);
}
