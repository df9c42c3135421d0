import { datatypes } from '../../tensor/datatype.js';

type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: 'string' };
const whole: Schema = { type: 'integer', minimum: 0 };
const flag: Schema = { type: 'boolean' };
const listOf = (items: Schema): Schema => ({ type: 'array', items });

/** A reference to a schema of `components`. */
export const ref = (name: keyof typeof schemas): Schema => ({ $ref: `#/components/schemas/${name}` });

const refTo = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

/** An object of properties; those named are required. Unknown properties are ignored. */
export function object(properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema {
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}) };
}

const parameters: Schema = {
  type: 'object',
  additionalProperties: { type: ['string', 'number', 'boolean'] },
};

const tensorProperties = {
  name: text,
  datatype: { type: 'string', enum: Object.keys(datatypes) },
  shape: { ...listOf(whole), description: 'Empty: a scalar of one element.' },
  parameters,
  data: {
    type: 'array',
    items: {},
    description: 'Flat or nested, row-major. Left out where parameters.binary_data_size announces binary data.',
  },
};

const duration = object({ count: whole, ns: whole }, ['count', 'ns']);
const batchDurations = { compute_input: duration, compute_infer: duration, compute_output: duration };

const inferenceSchemas = {
  InferRequest: object(
    {
      id: { ...text, description: 'Echoed in the answer.' },
      parameters: {
        ...parameters,
        description:
          'timeout: microseconds in the queue; priority: 1 is highest; binary_data_output; non_finite_tokens: bare NaN and Infinity instead of null; sequence_id, sequence_start, sequence_end: state that the server keeps.',
      },
      inputs: listOf(object(tensorProperties, ['name', 'datatype', 'shape'])),
      outputs: {
        ...listOf(object({ name: text, parameters }, ['name'])),
        description: 'Absent or empty: every output. parameters: binary_data, classification.',
      },
    },
    ['inputs'],
  ),
  InferResponse: object(
    {
      model_name: text,
      model_version: text,
      id: text,
      outputs: listOf(object(tensorProperties, ['name', 'datatype', 'shape'])),
    },
    ['model_name', 'model_version', 'outputs'],
  ),
  Prediction: object({ label: text, index: whole, probability: { type: 'number' } }, ['index', 'probability']),
  Detection: object(
    {
      box: {
        type: 'array',
        items: { type: 'number' },
        minItems: 4,
        maxItems: 4,
        description: 'x0, y0, x1, y1 in pixels of the image as sent, upright.',
      },
      label: text,
      index: whole,
      score: { type: 'number' },
      pixels: { ...whole, description: 'Pixels of the object, where the model has masks.' },
      area: { ...listOf(whole), description: 'Left, top, right and bottom of the mask in whole pixels of the image.' },
      mask: { ...text, description: 'A PNG in base64 that covers the area: white where the object is.' },
      runs: { ...listOf(whole), description: 'Instead, first pixel and length of each run over the whole image.' },
    },
    ['box', 'index', 'score'],
  ),
  Segmentation: object(
    {
      width: whole,
      height: whole,
      classes: listOf(
        object({ label: text, index: whole, pixels: whole, share: { type: 'number' }, runs: listOf(whole) }, [
          'index',
          'pixels',
          'share',
        ]),
      ),
      mask: { ...text, description: 'A PNG in base64 whose palette indices are class numbers.' },
    },
    ['width', 'height', 'classes'],
  ),
  PredictionRequest: object({
    image: { ...text, description: 'An image in base64, or a data: URL.' },
    images: { ...listOf(text), description: 'Several images; the answer holds a list for each.' },
    text: {
      anyOf: [text, listOf({ anyOf: [text, { type: 'array', items: text, minItems: 2, maxItems: 2 }] })],
      description: 'A text, or several texts and pairs; the answer to several is a list.',
    },
    top: { ...whole, description: 'Predictions for each image or text.' },
    similarity: { type: 'boolean', description: 'For embeddings: the cosine between each pair.' },
    score: { type: 'number', description: 'Lowest score of a detection.' },
    iou: { type: 'number', description: 'Overlap above which a better box of the same class removes a box.' },
    max: { ...whole, description: 'Highest number of detections for each image.' },
    mask: { type: 'string', enum: ['png', 'runs', 'none'], description: 'Form of the segmentation mask.' },
    preview: { type: 'boolean', description: 'Answer each image as the model sees it too.' },
    inputs: listOf(object(tensorProperties, ['name', 'datatype', 'shape'])),
  }),
  PredictionResponse: object(
    {
      model_name: text,
      model_version: text,
      device: { ...text, description: 'The device that computed, as measured.' },
      predictions: {
        type: 'array',
        items: { anyOf: [refTo('Prediction'), listOf(refTo('Prediction'))] },
        description: 'For one image its predictions, highest first; for several a list of these lists.',
      },
      detections: {
        type: 'array',
        items: { anyOf: [refTo('Detection'), listOf(refTo('Detection'))] },
        description: 'For a detector: for one image its boxes, best first; for several a list of these lists.',
      },
      segmentation: {
        anyOf: [refTo('Segmentation'), listOf(refTo('Segmentation'))],
        description: 'For a segmentation model: for one image an object, for several a list.',
      },
      embeddings: {
        type: 'array',
        items: { anyOf: [{ type: ['number', 'null'] }, listOf({ type: ['number', 'null'] })] },
        description: 'For a model with embeddings: for one input its vector, for several a list of them.',
      },
      similarity: listOf(listOf({ type: 'number' })),
      non_finite_boxes: {
        ...whole,
        description: 'Boxes left out because a score or a corner is not finite; absent if there are none.',
      },
      preview: {
        anyOf: [text, listOf(text)],
        description: 'The image as the model sees it, a PNG in base64, if it was asked for; a list for several images.',
      },
      outputs: listOf(object(tensorProperties)),
      timings: { type: 'object', additionalProperties: { type: 'number' }, description: 'Milliseconds.' },
    },
    ['model_name', 'model_version', 'device', 'timings'],
  ),
  V1PredictRequest: object({
    signature_name: text,
    instances: { type: 'array', items: {}, description: 'Rows: values, or objects with every input by name.' },
    inputs: { description: 'Columns: a tensor, or tensors by input name. Instead of instances.' },
  }),
  V1PredictResponse: object({ predictions: { type: 'array', items: {} }, outputs: {} }),
};

const tensorMetadata = object(
  {
    name: text,
    datatype: text,
    shape: listOf({ type: 'integer', minimum: -1 }),
    unranked: { ...flag, description: 'Any number of dimensions fits; shape is empty.' },
    optional: { ...flag, description: 'The model has a default for it, which is used if it is left out.' },
    range: { ...listOf({ type: 'number' }), description: 'Smallest and largest value of an element.' },
    labels: { ...listOf(text), description: 'Classes by index of the last dimension, as the model file names them.' },
  },
  ['name', 'datatype', 'shape'],
);

const modelSchemas = {
  Error: object({ error: text }, ['error']),
  ServerMetadata: object(
    { name: text, version: text, extensions: listOf(text), slipway: { type: 'object', additionalProperties: true } },
    ['name', 'version', 'extensions'],
  ),
  ServerHealth: object(
    {
      ready: flag,
      state: { type: 'string', enum: ['starting', 'ready', 'degraded', 'failed', 'draining'] },
      reasons: listOf(
        object({ code: text, final: flag, model: text, version: text, message: text }, ['code', 'final', 'message']),
      ),
      models: object({ ready: listOf(text), loading: listOf(text), failed: listOf(text) }),
      counts: object({ ready: whole, loading: whole, failed: whole }),
      error: text,
    },
    ['ready'],
  ),
  ModelMetadata: object(
    {
      name: text,
      versions: listOf(text),
      platform: text,
      inputs: listOf(tensorMetadata),
      outputs: listOf(tensorMetadata),
      properties: { type: 'object', additionalProperties: text, description: 'What the server knows about the model.' },
      notes: { ...listOf(text), description: 'What was decided for the model, and why.' },
      metadata: { type: 'object', additionalProperties: text, description: 'What the model file says about itself.' },
      dimension_names: {
        type: 'object',
        additionalProperties: listOf(text),
        description: 'Names of open dimensions by input and output.',
      },
      examples: {
        type: 'object',
        additionalProperties: object({ shape: listOf(whole), fill: { type: ['number', 'string'] } }, ['shape', 'fill']),
        description: 'For each input a shape and values that work; fill: one value for all, "varied", or "positions".',
      },
      suggestion: { type: 'object', description: 'What model.json needs for the model to take images.' },
    },
    ['name', 'platform', 'inputs', 'outputs'],
  ),
  ModelConfig: { ...object({ name: text, platform: text, max_batch_size: whole }), additionalProperties: true },
  ModelStatistics: object({
    model_stats: listOf(
      object({
        name: text,
        version: text,
        last_inference: whole,
        inference_count: whole,
        execution_count: whole,
        inference_stats: { type: 'object', additionalProperties: duration },
        batch_stats: listOf(object({ batch_size: whole, ...batchDurations })),
      }),
    ),
  }),
  RepositoryIndex: listOf(
    object({ name: text, version: text, state: text, reason: text }, ['name', 'state', 'reason']),
  ),
  Stream: object({
    name: text,
    model: text,
    source: { ...text, description: 'Without user, password and query.' },
    state: { type: 'string', enum: ['idle', 'connecting', 'live', 'waiting'] },
    reason: { ...text, description: 'Why there are no frames, or what is wrong with them.' },
    watchers: whole,
    frames_per_second: { type: 'number' },
    latency_ms: { type: 'number', description: 'From the arrival of the last frame to the model’s answer.' },
    frames: whole,
    dropped: { ...whole, description: 'Frames replaced by a newer one before they were run.' },
    failed: whole,
    answer: { type: 'object', description: 'The last frame’s predictions, detections or segmentation.' },
  }),
  V1Model: object({
    name: text,
    ready: flag,
    ...{ id: text, object: text, created: whole, owned_by: text },
    model_version_status: listOf({ type: 'object', additionalProperties: true }),
  }),
  V1Models: object({ models: listOf(text) }, ['models']),
};

/** Every schema of the document, by name. */
export const schemas = { ...inferenceSchemas, ...modelSchemas };
