import { AppError } from '../../errors.js';
import { countClasses, type DetectionConfig } from '../../model/tasks/detection-config.js';
import type { NamedTensors } from '../../tensor/tensor.js';

/**
 * The label of a class number. Labels may leave the background out: then those of a model whose first class it is begin at 1. Throws
 * MODEL_INVALID where a run's outputs have another number of classes.
 */
export function labelsFor(
  config: DetectionConfig,
  labels: readonly string[],
  outputs: NamedTensors,
): (index: number) => string | undefined {
  const { outputs: names, background } = config;
  const classes = countClasses(config, outputs.get(names.scores ?? names.boxes)?.shape ?? []);
  const isWithout = background !== 'none' && (classes === undefined || labels.length === classes - 1);
  if (labels.length > 0 && classes !== undefined && labels.length !== classes && !isWithout) {
    throw new AppError(
      'MODEL_INVALID',
      `detection reads ${classes} classes, but there are ${labels.length} labels; give one label for each, in the order of the classes`,
    );
  }
  const shift = isWithout && background === 'first' ? 1 : 0;
  return (index) => labels[index - shift];
}
