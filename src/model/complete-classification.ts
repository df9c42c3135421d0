import type { ModelJson } from './config-schema.js';
import type { ClassificationConfig, OnnxHeader } from './config.js';
import { contradiction, describeValue, findValue } from './contradiction.js';

type ClassificationJson = NonNullable<ModelJson['classification']>;

/** Classification output of a model, with the activation `softmax` and five predictions unless model.json says otherwise. */
export function completeClassification(json: ClassificationJson, header: OnnxHeader): ClassificationConfig {
  const output = findValue(header.outputs, 'classification.output', json.output);
  if (output.datatype === 'BYTES' || output.datatype === 'BOOL') {
    throw contradiction(
      `classification.output names ${describeValue('output', output)}`,
      'Expected an output of numbers, one a class',
    );
  }
  return {
    output: output.name,
    activation: json.activation ?? 'softmax',
    ...(json.labels === undefined ? {} : { labels: json.labels }),
    top: json.top ?? 5,
  };
}

/** Checks a label file's lines against the classes that the output declares. Throws MODEL_INVALID where their numbers differ. */
export function checkLabels(
  { output: name, labels: file = '' }: ClassificationConfig,
  labels: readonly string[],
  header: OnnxHeader,
): void {
  const output = findValue(header.outputs, 'classification.output', name);
  const classes = output.shape.at(-1) ?? -1;
  if (classes === -1 || classes === labels.length) return;
  throw contradiction(
    `classification.labels '${file}' has ${labels.length} lines, but ${describeValue('output', output)} has ${classes} classes`,
    'Give one label a line, in the order of the classes',
  );
}
