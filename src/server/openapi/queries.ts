import { mostDetections } from '../../model/detection-config.js';
import type { Part } from './operation.js';

const part = (name: string, description: string): Part => ({
  ...{ name, in: 'query', description },
  schema: { type: 'number', minimum: 0, maximum: 1 },
});
/** What may be asked of predictions beside their body. */
export const predictionQuery: readonly Part[] = [
  { name: 'top', in: 'query', schema: { type: 'integer', minimum: 1 }, description: 'Predictions for each image.' },
  part('score', 'Least score of a detection.'),
  part('iou', 'Overlap beyond which a box gives way to a better one of its class.'),
  {
    ...part('max', 'Most detections for each image.'),
    schema: { type: 'integer', minimum: 1, maximum: mostDetections },
  },
  { name: 'similarity', in: 'query', schema: { type: 'boolean' }, description: 'Cosine of vectors.' },
  {
    ...{ name: 'mask', in: 'query', schema: { type: 'string', enum: ['png', 'runs', 'none'] } },
    description: 'How a segmentation is answered.',
  },
  { name: 'outputs', in: 'query', schema: { type: 'boolean' }, description: 'Answer the model’s outputs too.' },
];

/** What may be asked of a model's metadata. */
export const metadataQuery: readonly Part[] = [
  {
    name: 'metadata',
    in: 'query',
    schema: { type: 'string', enum: ['whole'] },
    description: 'The model file’s own metadata in full length; long values are cut without it.',
  },
];
