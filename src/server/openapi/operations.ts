import { bytes, get, json, page, post, type Operation, type Part } from './operation.js';
import { pageOperations, streamOperations } from './page-operations.js';
import { modelList, openAiOperations } from './openai-operations.js';
import { object, ref } from './schemas.js';
import { mostDetections } from '../../model/tasks/detection-config.js';

const part = (name: string, description: string): Part => ({
  ...{ name, in: 'query', description },
  schema: { type: 'number', minimum: 0, maximum: 1 },
});

/** What may be asked of predictions beside their body. */
const predictionQuery: readonly Part[] = [
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
const metadataQuery: readonly Part[] = [
  {
    name: 'metadata',
    in: 'query',
    schema: { type: 'string', enum: ['whole'] },
    description: 'Return the model file’s own metadata uncut.',
  },
];

const inferFailures = [400, 404, 413, 415, 429, 503];
const inferBody = { ...json(ref('InferRequest')), 'application/octet-stream': bytes };
const inferAnswer = { ...json(ref('InferResponse')), 'application/octet-stream': bytes };

const predictionBody: Part = {
  ...json(ref('PredictionRequest')),
  'image/*': bytes,
  'text/plain': { schema: { type: 'string' } },
  'multipart/form-data': {
    schema: object({ image: { type: 'array', items: { type: 'string', contentMediaType: 'image/*' } } }),
  },
};
/** Operations that a model's path has, for its best version and for a version named. */
function modelOperations(path: string, suffix: string): readonly Operation[] {
  const of = suffix === '' ? 'a model' : 'a version of a model';
  const failures = [400, 404, 503];
  const model = { tag: 'models', failures } as const;
  return [
    get(path, `modelMetadata${suffix}`, {
      ...model,
      summary: `Inputs and outputs of ${of}`,
      query: metadataQuery,
      answer: json(ref('ModelMetadata')),
    }),
    get(`${path}/ready`, `modelReady${suffix}`, {
      tag: 'health',
      failures,
      summary: `Whether ${of} is ready`,
      answer: json(object({ name: { type: 'string' }, ready: { type: 'boolean' } })),
    }),
    get(`${path}/config`, `modelConfig${suffix}`, {
      ...model,
      summary: `Configuration of ${of}`,
      answer: json(ref('ModelConfig')),
    }),
    get(`${path}/stats`, `modelStats${suffix}`, {
      ...model,
      summary: `Statistics of ${of}`,
      answer: json(ref('ModelStatistics')),
    }),
  ];
}

const inferOperation = (path: string, suffix: string): Operation =>
  post(`${path}/infer`, `modelInfer${suffix}`, {
    tag: 'inference',
    summary: `Tensors in, tensors out, with ${suffix === '' ? 'a model' : 'a version of a model'}`,
    body: inferBody,
    examples: 'infer',
    answer: inferAnswer,
    failures: inferFailures,
  });

/** By POST, and the same by PUT. */
function predictionOperations(path: string, suffix: string): readonly Operation[] {
  const operation = post(path, `predict${suffix}`, {
    tag: 'inference',
    summary: 'An image or text in, labels, boxes or vectors out',
    query: predictionQuery,
    body: predictionBody,
    examples: 'predict',
    answer: json(ref('PredictionResponse')),
    failures: inferFailures,
  });
  return [operation, { ...operation, method: 'put', id: `predictByPut${suffix}` }];
}

const loadBody = json(
  object({
    parameters: object({
      config: {
        type: 'string',
        description: 'Text of a model.json, which replaces the whole file until the next load.',
      },
    }),
  }),
);
const empty: Part = {};

const serverOperations: readonly Operation[] = [
  get('/v2', 'serverMetadata', {
    tag: 'server',
    summary: 'Name, version, extensions',
    answer: json(ref('ServerMetadata')),
    failures: [],
  }),
  get('/v2/health/live', 'serverLive', {
    tag: 'health',
    summary: 'Whether the process answers',
    answer: json(object({ live: { type: 'boolean' } })),
    failures: [],
  }),
  get('/v2/health/ready', 'serverReady', {
    tag: 'health',
    summary: 'Whether requests should be sent here; if not, whether waiting helps',
    answer: json(ref('ServerHealth')),
  }),
  get('/v2/models', 'modelNames', {
    tag: 'models',
    summary: 'Names of the ready models',
    answer: json(ref('V1Models')),
  }),
  get('/v2/models/stats', 'allStats', {
    tag: 'models',
    summary: 'Statistics of every model',
    answer: json(ref('ModelStatistics')),
  }),
  get('/metrics', 'metrics', {
    tag: 'server',
    summary: 'Metrics for Prometheus',
    answer: { 'text/plain': { schema: { type: 'string' } } },
    failures: [],
  }),
  get('/openapi.json', 'openapi', {
    tag: 'server',
    summary: 'This document',
    answer: json({ type: 'object' }),
    failures: [],
  }),
  get('/docs', 'docs', { tag: 'server', summary: 'This document as a page', answer: page, failures: [] }),
  get('/docs/:file', 'docsFile', {
    tag: 'server',
    summary: 'Parts of that page',
    answer: { '*/*': bytes },
    failures: [404],
  }),
  get('/docs/examples/:model', 'example', {
    tag: 'models',
    summary: 'A request body that works for the model, of any length: {"inputs": [...]}',
    answer: json(ref('InferRequest')),
    failures: [404, 503],
  }),
];

const repositoryOperations: readonly Operation[] = [
  post('/v2/repository/index', 'repositoryIndex', {
    tag: 'repository',
    summary: 'Every model version and its state',
    body: json(object({ ready: { type: 'boolean', description: 'Only ready ones.' } })),
    answer: json(ref('RepositoryIndex')),
    failures: [400, 503],
  }),
  post('/v2/repository/models/:model/load', 'loadModel', {
    tag: 'repository',
    summary: 'Load a model, or load it again from disk',
    body: loadBody,
    answer: empty,
    failures: [400, 404, 503],
  }),
  post('/v2/repository/models/:model/unload', 'unloadModel', {
    tag: 'repository',
    summary: 'Stop serving a model when its requests have finished',
    body: json(object({ parameters: object({ unload_dependents: { type: 'boolean' } }) })),
    answer: empty,
    failures: [400, 404, 503],
  }),
];

const v1Path = '/v1/models/:model';
const v1Model = { tag: 'v1', failures: [404, 503], answer: json(ref('V1Model')) } as const;
const v1Predict = {
  tag: 'v1',
  body: json(ref('V1PredictRequest')),
  examples: 'v1',
  answer: json(ref('V1PredictResponse')),
  failures: inferFailures,
} as const;
const v1Metadata = { tag: 'v1', answer: json({ type: 'object' }), failures: [404, 503] } as const;

/** OpenAI's members beside those of version 1. */
const v1Models = object({ models: { type: 'array', items: { type: 'string' } }, ...modelList }, ['models']);

const v1Operations: readonly Operation[] = [
  get('/v1/models', 'v1Models', { tag: 'v1', summary: 'Names of the ready models', answer: json(v1Models) }),
  get(v1Path, 'v1Model', { ...v1Model, summary: 'State of a model’s versions' }),
  get(`${v1Path}/versions/:version`, 'v1ModelVersion', { ...v1Model, summary: 'State of a version' }),
  get(`${v1Path}/metadata`, 'v1Metadata', { ...v1Metadata, summary: 'Signature of a model' }),
  get(`${v1Path}/versions/:version/metadata`, 'v1MetadataVersion', {
    ...v1Metadata,
    summary: 'Signature of a version',
  }),
  post(`${v1Path}:predict`, 'v1Predict', { ...v1Predict, summary: 'Rows or columns in, predictions out' }),
  post(`${v1Path}/versions/:version:predict`, 'v1PredictVersion', {
    ...v1Predict,
    summary: 'The same with a version of a model',
  }),
];

const model = '/v2/models/:model';
const modelVersion = `${model}/versions/:version`;

/** Everything the server answers, what it is for first. */
export const operations: readonly Operation[] = [
  ...predictionOperations('/predictions/:model', ''),
  inferOperation(model, ''),
  ...predictionOperations('/predictions/:model/versions/:version', 'Version'),
  inferOperation(modelVersion, 'Version'),
  ...openAiOperations,
  ...v1Operations,
  ...modelOperations(model, ''),
  ...modelOperations(modelVersion, 'Version'),
  ...repositoryOperations,
  ...streamOperations,
  ...serverOperations,
  ...pageOperations,
];
