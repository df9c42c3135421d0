import { AppError } from '../../errors.js';
import type { ModelConfig, ProviderName } from '../../model/config.js';

/**
 * The settings of a model in one of several processes that are one server: its part of what model.json gives for the whole. Throws
 * MODEL_INVALID for a model with state, whose requests would reach processes that do not have it, and for one that its model.json sends to
 * a GPU, of which each process would hold a copy there.
 */
export function divideConfig(config: ModelConfig, provider: ProviderName, processes: number): ModelConfig {
  if (processes === 1) return config;
  if (config.sequences !== undefined) {
    const text = `It keeps the state of sequences, which would be in one of ${processes} HTTP loops, while each request may reach any.`;
    throw new AppError('MODEL_INVALID', `${text} Start the server without --http-loops ${processes}.`);
  }
  if (provider !== 'cpu') {
    const text = `Its model.json asks for ${config.execution.providers.join(', ')}, so that each of ${processes} HTTP loops would hold a copy by ${provider}.`;
    const advice = `Set execution.providers to ["cpu"], or start the server without --http-loops ${processes}.`;
    throw new AppError('MODEL_INVALID', `${text} ${advice}`);
  }
  const { batching, instances } = config;
  const partOf = (total: number): number => Math.max(1, Math.floor(total / processes));
  return {
    ...config,
    batching: { ...batching, maxQueueRows: partOf(batching.maxQueueRows) },
    instances: { ...instances, cpu: instances.cpu === 'auto' ? 'auto' : partOf(instances.cpu) },
  };
}
