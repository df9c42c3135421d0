import { AppError } from '../../../errors.js';
import type { ClassificationConfig } from '../../../model/config.js';
import { topIndices } from '../../../protocol/classification.js';
import { formatFloat } from '../../../protocol/json/number-text.js';
import type { ServableModel } from '../../../repository/types.js';
import { findClassLayout, type ClassLayout } from '../../../tensor/class-axis.js';
import type { NumericData } from '../../../tensor/datatype.js';
import { numbersOf } from '../../../tensor/half.js';
import { formatShape } from '../../../tensor/shape.js';
import type { NamedTensors, NumericTensor } from '../../../tensor/tensor.js';

/** One class of an answer; `label` where the model has labels. */
export interface Prediction {
  readonly label?: string;
  readonly index: number;
  /** An exact integer where the output holds 64-bit integers that are answered as they are. */
  readonly probability: number | bigint;
}

/** The `top` classes of each row, highest first, ties by lower index; none where the model declares no classification. Throws MODEL_INVALID where the output has no lone class axis. */
export function readPredictions(
  model: ServableModel,
  outputs: NamedTensors,
  top: number,
): readonly (readonly Prediction[])[] {
  const { classification } = model.config;
  const tensor = classification === undefined ? undefined : outputs.get(classification.output);
  if (classification === undefined || tensor === undefined || tensor.datatype === 'BYTES') return [];
  const { rows, classes: size } = readLayout(model, tensor, classification.output);
  const numbers = numbersOf(tensor);
  return Array.from({ length: rows }, (_, row) => {
    const values = activate(numbers.subarray(row * size, (row + 1) * size), classification.activation);
    return topIndices(values, { from: 0, size, count: Math.min(top, size) }).map((index) => {
      const label = model.labels[index];
      const probability = values[index] as number | bigint;
      return label === undefined ? { index, probability } : { label, index, probability };
    });
  });
}

function readLayout({ config, labels }: ServableModel, { shape }: NumericTensor, output: string): ClassLayout {
  const layout = findClassLayout(shape, { isBatched: config.batching.maxRows > 0, labels: labels.length });
  const what = `classification reads output '${output}', whose shape is ${formatShape(shape)} here`;
  if (layout === undefined) {
    throw new AppError('MODEL_INVALID', `${what}: expected rows of one class axis, such as [N,C] or [N,C,1,1]`);
  }
  if (labels.length > 0 && labels.length !== layout.classes) {
    throw new AppError(
      'MODEL_INVALID',
      `${what}: ${layout.classes} classes, but ${labels.length} labels; give one label for each, in the order of the classes`,
    );
  }
  return layout;
}

/** Scores as probabilities. Softmax subtracts the largest first, which changes nothing but keeps exp() finite. */
function activate(data: NumericData, activation: ClassificationConfig['activation']): NumericData | readonly number[] {
  if (activation === 'none') return data;
  const values = Array.from(data as Float64Array, Number);
  if (activation === 'sigmoid') return values.map((value) => 1 / (1 + Math.exp(-value)));
  const largest = values.reduce((best, value) => Math.max(best, value), -Infinity);
  const powers = values.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** Predictions as JSON, integers exact. */
export function formatPredictions(predictions: readonly Prediction[], nonFiniteTokens: boolean): string {
  const entries = predictions.map(({ label, index, probability }) => {
    const named = label === undefined ? '' : `"label":${JSON.stringify(label)},`;
    const value = typeof probability === 'bigint' ? String(probability) : formatFloat(probability, nonFiniteTokens);
    return `{${named}"index":${String(index)},"probability":${value}}`;
  });
  return `[${entries.join(',')}]`;
}
