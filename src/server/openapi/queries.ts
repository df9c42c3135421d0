import { mostDetections } from '../../model/tasks/detection-config.js';
import type { Part } from './operation.js';

const part = (name: string, description: string): Part => ({
  ...{ name, in: 'query', description },
  schema: { type: 'number', minimum: 0, maximum: 1 },
});
/** What may be asked of predictions beside their body. */
export const predictionQuery: readonly Part[] = [
  { name: 'top', in: 'query', schema: { type: 'integer', minimum: 1 }, description: 'Predictions for each image.' },
  part('score', 'Lowest score of a detection.'),
  part('iou', 'Overlap above which a better box of the same class removes a box.'),
  {
    ...part('max', 'Highest number of detections for each image.'),
    schema: { type: 'integer', minimum: 1, maximum: mostDetections },
  },
  { name: 'similarity', in: 'query', schema: { type: 'boolean' }, description: 'Cosine of vectors.' },
  {
    ...{ name: 'mask', in: 'query', schema: { type: 'string', enum: ['png', 'runs', 'none'] } },
    description: 'Form of the segmentation mask, or of the masks of objects.',
  },
  {
    ...{ name: 'preview', in: 'query', schema: { type: 'boolean' } },
    description: 'Answer each image as the model sees it too: a PNG in base64, in the size of the model’s input.',
  },
  { name: 'outputs', in: 'query', schema: { type: 'boolean' }, description: 'Also return the model’s outputs.' },
];

/** What may be asked of a model's metadata. */
export const metadataQuery: readonly Part[] = [
  {
    name: 'metadata',
    in: 'query',
    schema: { type: 'string', enum: ['whole'] },
    description: 'Return the model file’s own metadata uncut.',
  },
];
