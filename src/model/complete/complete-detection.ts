import { AppError } from '../../errors.js';
import type { ModelJson } from '../config-schema.js';
import type { ImageConfig, OnnxHeader } from '../config.js';
import { contradiction, describeLabels, describeValue, findValue } from './contradiction.js';
import {
  countClasses,
  type DetectionConfig,
  type DetectionForm,
  type PriorsConfig,
} from '../tasks/detection-config.js';
import { findOutputs } from './detection-outputs.js';
import { findPixels } from './image-input.js';

type DetectionJson = NonNullable<ModelJson['detection']>;
type Defaults = Pick<
  DetectionConfig,
  'coordinates' | 'units' | 'activation' | 'background' | 'perBox' | 'suppress' | 'score'
>;

const yolo: Defaults = {
  coordinates: 'cxcywh',
  units: 'pixels',
  activation: 'none',
  background: 'none',
  perBox: 'best',
  suppress: 'class',
  score: 0.25,
};
const finished: Defaults = { ...yolo, coordinates: 'xyxy', suppress: 'none' };

/** What each form means unless model.json says otherwise: as the programs that it is known from export it. */
const defaults: Readonly<Record<DetectionForm, Defaults>> = {
  yolov5: yolo,
  yolov8: yolo,
  'rt-detr': { ...yolo, units: 'relative', suppress: 'none' },
  'end-to-end': finished,
  ssd: { ...yolo, coordinates: 'xyxy', units: 'relative', background: 'first', perBox: 'all', score: 0.5 },
  detr: { ...yolo, units: 'relative', activation: 'softmax', background: 'last', suppress: 'none', score: 0.5 },
  'two-stage': { ...finished, score: 0.5 },
};

/** DETR's successors score each class by itself: no class for nothing, and a box may be several things. */
const independent = { background: 'none', perBox: 'all' } as const;

/** Fills in what the detection block leaves out. Throws MODEL_INVALID where it contradicts the model's outputs. */
export function completeDetection(
  json: DetectionJson,
  header: OnnxHeader,
  image: ImageConfig | undefined,
): DetectionConfig {
  const { form } = json;
  const own = { ...defaults[form], ...(form === 'detr' && json.activation === 'sigmoid' ? independent : {}) };
  const priors = json.priors === undefined ? {} : { priors: completePriors(json, header) };
  return {
    form,
    outputs: findOutputs(json, header),
    input: findPixels('detection', header, image),
    coordinates: json.coordinates ?? own.coordinates,
    units: json.units ?? own.units,
    activation: json.activation ?? own.activation,
    background: json.background ?? own.background,
    perBox: json.perBox ?? own.perBox,
    suppress: json.suppress ?? own.suppress,
    ...priors,
    ...(json.masks === undefined ? {} : { masks: completeMasks(json, header) }),
    ...(json.labels === undefined ? {} : { labels: json.labels }),
    score: json.score ?? own.score,
    iou: json.iou ?? 0.45,
    max: json.max ?? 100,
  };
}

/**
 * Checks labels against the classes that the outputs declare, with or without a line for the background. Throws MODEL_INVALID where
 * their numbers differ; variable dimensions, and forms that answer class numbers, are left to each answer.
 */
export function checkDetectionLabels(config: DetectionConfig, labels: readonly string[], header: OnnxHeader): void {
  const { outputs, background, labels: given = '' } = config;
  const output = findValue(header.outputs, 'detection.scores', outputs.scores ?? outputs.boxes);
  const classes = countClasses(config, output.shape);
  if (classes === undefined) return;
  const isWithout = background !== 'none' && labels.length === classes - 1;
  if (labels.length === classes || isWithout) return;
  throw contradiction(
    `${describeLabels('detection', given)} has ${labels.length} lines, but ${describeValue('output', output)} has ${classes} classes`,
    `Give one label per line, in the order of the classes${background === 'none' ? '' : ', with or without the background'}`,
  );
}

/** Forms whose boxes may have coefficients behind their classes. */
const masked: readonly DetectionForm[] = ['yolov5', 'yolov8', 'rt-detr', 'end-to-end'];

function completeMasks(
  { form, masks: name = '' }: DetectionJson,
  { outputs }: OnnxHeader,
): NonNullable<DetectionConfig['masks']> {
  if (!masked.includes(form)) {
    const forms = masked.map((each) => `"${each}"`).join(', ');
    throw contradiction(`detection.masks belong to the forms ${forms}, not to "${form}"`, 'Remove them');
  }
  const output = findValue(outputs, 'detection.masks', name);
  const { shape, unranked = false } = output;
  if (!unranked && shape.length !== 4) {
    throw contradiction(`detection.masks names ${describeValue('output', output)}`, 'Expected prototypes [N,M,h,w]');
  }
  const [, count = -1] = shape;
  return { output: name, count: count === -1 ? undefined : count };
}

function completePriors({ form, priors = {} }: DetectionJson, { outputs }: OnnxHeader): PriorsConfig {
  const { output, strides, sizes, clip = false, variances = [0.1, 0.2] } = priors;
  if (form !== 'ssd') throw contradiction(`detection.priors belong to the form "ssd", not to "${form}"`, 'Remove them');
  if (output !== undefined && strides === undefined && sizes === undefined) {
    const found = outputs.find(({ name }) => name === output);
    if (found?.shape.at(-1) === 4 || found?.shape.at(-1) === -1) {
      return { source: { kind: 'output', name: output }, variances };
    }
    const what = found === undefined ? 'but the model has no such output' : `but ${describeValue('output', found)}`;
    throw contradiction(`detection.priors.output is '${output}', ${what}`, 'Expected an output [priors,4]');
  }
  if (output === undefined && strides !== undefined && strides.length === sizes?.length) {
    return { source: { kind: 'grid', strides, sizes, clip }, variances };
  }
  throw new AppError(
    'MODEL_INVALID',
    'detection.priors of model.json are incomplete: expected "output", or "strides" with as many lists of "sizes"',
  );
}
