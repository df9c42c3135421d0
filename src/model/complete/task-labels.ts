import type { ModelConfig, OnnxHeader } from '../config.js';
import { checkLabels } from './complete-classification.js';
import { checkDetectionLabels } from './complete-detection.js';
import { checkSegmentationLabels } from './complete-segmentation.js';

/** Checks the labels of a model's task, where it names any, against what its outputs declare. Throws MODEL_INVALID where their numbers differ. */
export function checkTaskLabels(config: ModelConfig, labels: readonly string[], header: OnnxHeader): void {
  const { classification, detection, segmentation } = config;
  if (classification?.labels !== undefined) checkLabels(classification, labels, header);
  if (detection?.labels !== undefined) checkDetectionLabels(detection, labels, header);
  if (segmentation?.labels !== undefined) checkSegmentationLabels(segmentation, labels, header);
}

/** Labels of the label file, else classes that the model file names itself. */
export function labelsOf(
  lines: readonly string[],
  { classification }: ModelConfig,
  { outputs }: OnnxHeader,
): readonly string[] {
  if (lines.length > 0) return lines;
  return outputs.find(({ name }) => name === classification?.output)?.labels ?? [];
}
