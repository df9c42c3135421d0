import type { ModelJson } from '../config-schema.js';
import type { ClassificationConfig, OnnxHeader } from '../config.js';
import { contradiction, describeLabels, describeValue, findValue } from './contradiction.js';

type ClassificationJson = NonNullable<ModelJson['classification']>;

/** The output whose classes the file itself names, where there is one such output. */
export function findLabelledOutput({ outputs }: OnnxHeader): string | undefined {
  const labelled = outputs.filter(({ labels }) => labels !== undefined);
  return labelled.length === 1 ? labelled[0]?.name : undefined;
}

/**
 * Classification output of a model, with five predictions unless model.json says otherwise, and the activation `softmax`, but for
 * the probabilities of an exporter's ZipMap, which need none.
 */
export function completeClassification(json: ClassificationJson, header: OnnxHeader): ClassificationConfig {
  const wished = json.output ?? findLabelledOutput(header);
  const output = findValue(header.outputs, 'classification.output', wished);
  if (output.datatype === 'BYTES') {
    throw contradiction(
      `classification.output names ${describeValue('output', output)}`,
      'Expected an output of numbers, one for each class',
    );
  }
  return {
    output: output.name,
    activation: json.activation ?? (output.labels === undefined ? 'softmax' : 'none'),
    ...(json.labels === undefined ? {} : { labels: json.labels }),
    top: json.top ?? 5,
  };
}

/**
 * Checks a label file's lines against the classes that the output declares: the one dimension of a row that is not 1. Throws MODEL_INVALID
 * where their numbers differ, or where several dimensions could be the classes; variable ones are left to each answer.
 */
export function checkLabels(
  { output: name, labels: given = '' }: ClassificationConfig,
  labels: readonly string[],
  header: OnnxHeader,
): void {
  const output = findValue(header.outputs, 'classification.output', name);
  const row = output.shape.length > 1 ? output.shape.slice(1) : output.shape;
  const long = row.filter((dim) => dim !== 1);
  if (long.includes(-1) || output.unranked === true) return;
  if (long.length > 1) {
    throw contradiction(
      `${describeLabels('classification', given)} names classes, but ${describeValue('output', output)} has ${long.length} dimensions that could count them`,
      'Expected an output of one class axis, such as [N,C] or [N,C,1,1]',
    );
  }
  const classes = long[0] ?? 1;
  if (classes === labels.length || (classes === 1 && output.shape[0] === labels.length)) return;
  throw contradiction(
    `${describeLabels('classification', given)} has ${labels.length} lines, but ${describeValue('output', output)} has ${classes} classes`,
    'Give one label per line, in the order of the classes',
  );
}
