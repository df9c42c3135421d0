import * as v from 'valibot';
import { mostDetections } from './tasks/detection-config.js';
import { mostTokens } from './tasks/text-config.js';

/*
 * The schema of model.json. Every object is strict: an unknown key is an error. The message of each rule is the end of
 * the sentence "Expected ...". docs/model.schema.json says the same to editors and is made from it (node tools/model-schema.js model > docs/model.schema.json), so
 * rules are of kinds that JSON Schema has too.
 */

/** Any text. */
export const text = v.string('a text');
const flag = v.boolean('true or false');
const number = v.pipe(v.number('a number'), v.finite('a finite number'));
/** A whole number between two others, or one of them. */
export const integer = (min: number, max: number) => {
  const expected = `an integer from ${min} to ${max}`;
  return v.pipe(v.number(expected), v.integer(expected), v.minValue(min, expected), v.maxValue(max, expected));
};
const duration = v.pipe(
  v.number('milliseconds from 0 to 600000'),
  v.minValue(0, 'milliseconds from 0 to 600000'),
  v.maxValue(600_000, 'milliseconds from 0 to 600000'),
);
const oneOf = <const T extends readonly string[]>(choices: T) =>
  v.picklist(choices, choices.map((choice) => `"${choice}"`).join(', '));
const providerNames = ['cpu', 'cuda', 'tensorrt', 'webgpu'] as const;
const versionList = '"latest", "all" or a list of version numbers such as [1, 3]';
const side = integer(1, 16_384);
const channels = (item: v.GenericSchema<number>, expected: string) =>
  v.union(
    [
      v.pipe(
        item,
        v.transform((one) => [one]),
      ),
      v.pipe(v.array(item), v.length(1)),
      v.pipe(v.array(item), v.length(3)),
    ],
    expected,
  );

const batching = v.strictObject({
  maxRows: v.optional(integer(0, 65_536)),
  maxDelayMs: v.optional(duration),
  buckets: v.optional(v.array(integer(1, 65_536), 'a list of row counts')),
  maxQueueRows: v.optional(integer(1, 10_000_000)),
  maxQueueMs: v.optional(duration),
  queueTimeoutMs: v.optional(duration),
});

const instances = v.strictObject({
  cpu: v.optional(v.union([v.literal('auto'), integer(1, 1024)], '"auto" or an integer from 1 to 1024')),
  perGpu: v.optional(v.union([v.literal('auto'), integer(1, 64)], '"auto" or an integer from 1 to 64')),
  gpu: v.optional(v.union([v.literal('all'), integer(1, 64)], '"all" or an integer from 1 to 64')),
});

const image = v.strictObject({
  input: v.optional(text),
  resize: v.optional(
    v.strictObject({
      width: v.optional(side),
      height: v.optional(side),
      fit: v.optional(oneOf(['cover', 'contain', 'fill', 'inside', 'outside', 'height'])),
      anchor: v.optional(oneOf(['centre', 'top-left'])),
      multipleOf: v.optional(integer(1, 1024)),
      multipleBy: v.optional(oneOf(['bars', 'stretch'])),
      longest: v.optional(side),
      enlarge: v.optional(flag),
      rounding: v.optional(oneOf(['nearest', 'down'])),
      library: v.optional(oneOf(['pillow', 'opencv'])),
      background: v.optional(
        channels(v.pipe(number, v.minValue(0), v.maxValue(255)), 'a value from 0 to 255, or a list of 1 or 3 of them'),
      ),
    }),
  ),
  resample: v.optional(oneOf(['nearest', 'bilinear', 'bicubic', 'lanczos', 'area'])),
  crop: v.optional(v.strictObject({ width: side, height: side, rounding: v.optional(oneOf(['down', 'even'])) })),
  color: v.optional(oneOf(['rgb', 'bgr', 'gray'])),
  layout: v.optional(oneOf(['NCHW', 'NHWC'])),
  scale: v.optional(number),
  mean: v.optional(channels(number, 'a number, or a list of 1 or 3 numbers')),
  std: v.optional(channels(v.pipe(number, v.notValue(0)), 'a number other than 0, or a list of 1 or 3 of them')),
  invert: v.optional(flag),
});

const labels = v.union([text, v.array(text)], "a file's name, or a list of texts");
const activation = oneOf(['softmax', 'sigmoid', 'none']);

const classification = v.strictObject({
  output: v.optional(text),
  activation: v.optional(activation),
  labels: v.optional(labels),
  top: v.optional(integer(1, 1_000_000)),
});

const part = v.pipe(
  v.number('a number from 0 to 1'),
  v.minValue(0, 'a number from 0 to 1'),
  v.maxValue(1, 'a number from 0 to 1'),
);
const between = v.pipe(
  v.number('a number between 0 and 1'),
  v.gtValue(0, 'a number between 0 and 1'),
  v.ltValue(1, 'a number between 0 and 1'),
);
const positive = v.pipe(v.number('a number above 0'), v.finite('a number above 0'), v.gtValue(0, 'a number above 0'));
const positives = v.pipe(
  v.array(positive, 'a list of numbers above 0'),
  v.minLength(1, 'a list of one or more numbers above 0'),
);

const detection = v.strictObject({
  form: oneOf(['yolov5', 'yolov8', 'rt-detr', 'end-to-end', 'ssd', 'detr', 'two-stage']),
  output: v.optional(text),
  boxes: v.optional(text),
  scores: v.optional(text),
  classes: v.optional(text),
  masks: v.optional(text),
  coordinates: v.optional(oneOf(['xyxy', 'yxyx', 'cxcywh', 'xywh'])),
  units: v.optional(oneOf(['pixels', 'relative'])),
  activation: v.optional(activation),
  background: v.optional(oneOf(['first', 'last', 'none'])),
  perBox: v.optional(oneOf(['best', 'all'])),
  suppress: v.optional(oneOf(['class', 'all', 'none'])),
  priors: v.optional(
    v.strictObject({
      output: v.optional(text),
      strides: v.optional(positives),
      sizes: v.optional(v.array(positives, 'a list of lists of sides in pixels, one for each stride')),
      clip: v.optional(flag),
      variances: v.optional(v.strictTuple([positive, positive], 'two numbers above 0: of the centre and of the size')),
    }),
  ),
  labels: v.optional(labels),
  score: v.optional(part),
  iou: v.optional(part),
  max: v.optional(integer(1, mostDetections)),
});

const segmentation = v.strictObject({
  form: v.optional(oneOf(['scores', 'classes'])),
  output: v.optional(text),
  layout: v.optional(oneOf(['NCHW', 'NHWC'])),
  activation: v.optional(oneOf(['sigmoid', 'none'])),
  threshold: v.optional(between),
  labels: v.optional(labels),
});

const tokens = v.strictObject({
  ids: v.optional(text),
  mask: v.optional(text),
  types: v.optional(text),
  maxLength: v.optional(integer(1, mostTokens)),
});

const embedding = v.strictObject({
  output: v.optional(text),
  pooling: v.optional(oneOf(['mean', 'cls', 'max', 'none'])),
  normalize: v.optional(flag),
  dimensions: v.optional(
    v.union(
      [v.literal('any'), v.pipe(v.array(integer(1, 65_536)), v.minLength(1), v.maxLength(64))],
      '"any" or a list of lengths such as [64, 128, 256]',
    ),
  ),
});

const dimensions = v.pipe(
  v.array(integer(-1, Number.MAX_SAFE_INTEGER), 'a list of sizes, -1 for the rows of a request'),
  v.maxLength(32, 'at most 32 sizes'),
);
const sequences = v.strictObject({
  state: v.pipe(
    v.array(
      v.strictObject({ input: text, output: text, initialShape: v.optional(dimensions) }),
      'a list of pairs such as {"input": "h", "output": "hn"}',
    ),
    v.minLength(1, 'one pair or more'),
    v.maxLength(1024, 'at most 1024 pairs'),
  ),
  maxIdleMs: v.optional(integer(1, 86_400_000)),
  maxActive: v.optional(integer(1, 1_000_000)),
});

const execution = v.strictObject({
  providers: v.optional(v.array(oneOf(providerNames), `a list of "${providerNames.join('", "')}"`)),
  requireGpu: v.optional(flag),
  intraOpThreads: v.optional(integer(1, 1024)),
});

/** What model.json may hold. */
export const modelJsonSchema = v.strictObject(
  {
    $schema: v.optional(text),
    description: v.optional(text),
    versions: v.optional(
      v.union(
        [
          v.literal('latest'),
          v.literal('all'),
          v.pipe(v.array(integer(1, Number.MAX_SAFE_INTEGER)), v.minLength(1, versionList)),
        ],
        versionList,
      ),
    ),
    batching: v.optional(batching),
    instances: v.optional(instances),
    image: v.optional(image),
    classification: v.optional(classification),
    detection: v.optional(detection),
    segmentation: v.optional(segmentation),
    text: v.optional(tokens),
    embedding: v.optional(embedding),
    sequences: v.optional(sequences),
    warmup: v.optional(flag),
    execution: v.optional(execution),
  },
  'an object',
);

/** model.json as it was written, checked; what it leaves out is undefined. */
export type ModelJson = v.InferOutput<typeof modelJsonSchema>;
