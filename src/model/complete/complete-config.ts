import { AppError } from '../../errors.js';
import { omitUndefined } from '../../omit-undefined.js';
import { completeBatching } from './complete-batching.js';
import { completeClassification, findLabelledOutput } from './complete-classification.js';
import { completeDetection } from './complete-detection.js';
import { completeImage } from './complete-image.js';
import { completeSegmentation } from './complete-segmentation.js';
import { completeSequences } from './complete-sequences.js';
import { completeEmbedding, completeText } from './complete-text.js';
import type { ModelJson } from '../config-schema.js';
import type { ImageConfig, ModelConfig, OnnxHeader, ProviderName } from '../config.js';

/**
 * Fills in what model.json leaves out, from the model's own header and the provider that will run it. Throws MODEL_INVALID
 * where the two contradict each other, with what to change.
 */
export function completeConfig(json: ModelJson, header: OnnxHeader, provider: ProviderName): ModelConfig {
  const { execution = {} } = json;
  const image = json.image === undefined ? undefined : completeImage(json.image, header);
  const text = json.text === undefined ? undefined : completeText(json.text, header);
  return {
    description: json.description ?? '',
    versions: json.versions ?? 'latest',
    batching: completeBatching(json.batching, header, provider),
    instances: {
      cpu: json.instances?.cpu ?? 'auto',
      gpu: json.instances?.gpu ?? 1,
      perGpu: json.instances?.perGpu ?? 'auto',
    },
    ...omitUndefined({ image, text }),
    ...completeTask(json, header, image),
    ...(json.sequences === undefined
      ? {}
      : { sequences: completeSequences(json.sequences, header, [image?.input, text?.ids, text?.mask, text?.types]) }),
    warmup: json.warmup ?? true,
    execution: {
      providers: execution.providers ?? [],
      requireGpu: execution.requireGpu ?? false,
      ...(execution.intraOpThreads === undefined ? {} : { intraOpThreads: execution.intraOpThreads }),
    },
  };
}

/** What outputs mean: what model.json says, else the classes that the file itself names. */
function completeTask(
  { classification, detection, segmentation, embedding }: ModelJson,
  header: OnnxHeader,
  image: ImageConfig | undefined,
): Pick<ModelConfig, 'classification' | 'detection' | 'segmentation' | 'embedding'> {
  const given = Object.entries({ classification, detection, segmentation, embedding }).flatMap(([name, block]) =>
    block === undefined ? [] : [`"${name}"`],
  );
  if (given.length > 1) {
    throw new AppError('MODEL_INVALID', `model.json has both ${given.join(' and ')}: expected one of them.`);
  }
  if (embedding !== undefined) return { embedding: completeEmbedding(embedding, header) };
  if (detection !== undefined) return { detection: completeDetection(detection, header, image) };
  if (segmentation !== undefined) return { segmentation: completeSegmentation(segmentation, header, image) };
  const labelled = findLabelledOutput(header);
  const wished = classification ?? (labelled === undefined ? undefined : { output: labelled });
  return wished === undefined ? {} : { classification: completeClassification(wished, header) };
}
