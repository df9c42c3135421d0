import { completeBatching } from './complete-batching.js';
import { completeClassification, findLabelledOutput } from './complete-classification.js';
import { completeImage } from './complete-image.js';
import type { ModelJson } from './config-schema.js';
import type { ModelConfig, OnnxHeader, ProviderName } from './config.js';

/**
 * Fills in what model.json leaves out, from the model's own header and the provider that will run it. Throws MODEL_INVALID
 * where the two contradict each other, with what to change.
 */
export function completeConfig(json: ModelJson, header: OnnxHeader, provider: ProviderName): ModelConfig {
  const { image, execution = {} } = json;
  const labelled = findLabelledOutput(header);
  const classification = json.classification ?? (labelled === undefined ? undefined : { output: labelled });
  return {
    description: json.description ?? '',
    versions: json.versions ?? 'latest',
    batching: completeBatching(json.batching, header, provider),
    instances: { cpu: json.instances?.cpu ?? 'auto', gpu: json.instances?.gpu ?? 1 },
    ...(image === undefined ? {} : { image: completeImage(image, header) }),
    ...(classification === undefined ? {} : { classification: completeClassification(classification, header) }),
    warmup: json.warmup ?? true,
    execution: {
      providers: execution.providers ?? [],
      requireGpu: execution.requireGpu ?? false,
      ...(execution.intraOpThreads === undefined ? {} : { intraOpThreads: execution.intraOpThreads }),
    },
  };
}
