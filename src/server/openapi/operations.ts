import { object, ref } from './schemas.js';

type Part = Readonly<Record<string, unknown>>;

/** One method of one path, as the document describes it. Paths are the router's, with `:model` and `:version`. */
export interface Operation {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly tag: 'health' | 'inference' | 'models' | 'repository' | 'server' | 'v1';
  readonly id: string;
  readonly summary: string;
  readonly query?: readonly Part[];
  readonly body?: Part;
  readonly answer: Part;
  /** Statuses of failures besides 401 and 500. */
  readonly failures: readonly number[];
}

/** Content of one media type. */
const json = (schema: Part): Part => ({ 'application/json': { schema } });
const page: Part = { 'text/html': { schema: { type: 'string' } } };
const bytes: Part = { schema: { type: 'string', contentMediaType: 'application/octet-stream' } };

const inferFailures = [400, 404, 413, 415, 429, 503];
const inferBody = { ...json(ref('InferRequest')), 'application/octet-stream': bytes };
const inferAnswer = { ...json(ref('InferResponse')), 'application/octet-stream': bytes };

const predictionBody: Part = {
  'image/*': bytes,
  ...json(ref('PredictionRequest')),
  'multipart/form-data': {
    schema: object({ image: { type: 'array', items: { type: 'string', contentMediaType: 'image/*' } } }),
  },
};
const predictionQuery: readonly Part[] = [
  { name: 'top', in: 'query', schema: { type: 'integer', minimum: 1 }, description: 'Predictions for each picture.' },
  { name: 'outputs', in: 'query', schema: { type: 'boolean' }, description: 'Answer the model’s outputs too.' },
];

type Short = Omit<Operation, 'method' | 'path' | 'id' | 'failures'> & { readonly failures?: readonly number[] };

const get = (path: string, id: string, rest: Short): Operation => ({
  method: 'get',
  path,
  id,
  failures: [503],
  ...rest,
});
const post = (path: string, id: string, rest: Short): Operation => ({
  method: 'post',
  path,
  id,
  failures: [],
  ...rest,
});

/** Operations that a model's path has, for its best version and for a version named. */
function modelOperations(path: string, suffix: string): readonly Operation[] {
  const of = suffix === '' ? 'a model' : 'a version of a model';
  const failures = [400, 404, 503];
  const model = { tag: 'models', failures } as const;
  return [
    get(path, `modelMetadata${suffix}`, {
      ...model,
      summary: `Inputs and outputs of ${of}`,
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
    post(`${path}/infer`, `modelInfer${suffix}`, {
      tag: 'inference',
      summary: `Tensors in, tensors out, with ${of}`,
      body: inferBody,
      answer: inferAnswer,
      failures: inferFailures,
    }),
  ];
}

function predictionOperation(path: string, suffix: string): Operation {
  return post(path, `predict${suffix}`, {
    tag: 'inference',
    summary: 'A picture in, labels out',
    query: predictionQuery,
    body: predictionBody,
    answer: json(ref('PredictionResponse')),
    failures: inferFailures,
  });
}

const loadBody = json(
  object({ parameters: object({ config: { type: 'string', description: 'Text of a model.json.' } }) }),
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
    summary: 'Whether every model asked for is ready',
    answer: json(object({ ready: { type: 'boolean' } })),
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

/** Everything the server answers. */
export const operations: readonly Operation[] = [
  ...serverOperations,
  ...modelOperations('/v2/models/:model', ''),
  ...modelOperations('/v2/models/:model/versions/:version', 'Version'),
  predictionOperation('/predictions/:model', ''),
  predictionOperation('/predictions/:model/versions/:version', 'Version'),
  ...repositoryOperations,
];
