import type { ModelMetadata } from '../../protocol/types.js';
import type { Pipeline } from './types.js';

/** Body of `GET /v2/models/{pipeline}`: one image in, its steps among the properties. */
export function describePipeline({ name, config }: Pipeline): ModelMetadata {
  const steps = config.steps.map(({ name: own, model, url, crop }) => {
    const on = crop === undefined ? '' : ` on boxes of ${crop.of}`;
    return `${own}: ${model}${url === undefined ? '' : ` at ${url}`}${on}`;
  });
  return {
    name,
    versions: ['1'],
    platform: 'pipeline',
    inputs: [{ name: 'image', datatype: 'BYTES', shape: [1] }],
    outputs: [],
    properties: {
      version: '1',
      task: 'pipeline',
      image_input: 'image',
      ...(config.description === '' ? {} : { description: config.description }),
      steps: steps.join('; '),
    },
  };
}
