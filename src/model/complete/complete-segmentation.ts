import type { ModelJson } from '../config-schema.js';
import type { HeaderValue, ImageConfig, OnnxHeader } from '../config.js';
import { countSegments, withRows, type SegmentationConfig } from '../tasks/segmentation-config.js';
import { contradiction, describeLabels, describeValue, findValue } from './contradiction.js';
import { findPixels } from './image-input.js';

type SegmentationJson = NonNullable<ModelJson['segmentation']>;

/** Fills in what the segmentation block leaves out. Throws MODEL_INVALID where it contradicts the model's outputs. */
export function completeSegmentation(
  json: SegmentationJson,
  header: OnnxHeader,
  image: ImageConfig | undefined,
): SegmentationConfig {
  const output = findValue(header.outputs, 'segmentation.output', json.output);
  const input = findPixels('segmentation', header, image);
  const layout = json.layout ?? input.layout;
  const pixels = header.inputs.find(({ name }) => name === input.name);
  const single = pixels?.unranked !== true && pixels?.shape.length === 3 ? ({ isSingle: true } as const) : {};
  const shape = withRows(single, output.shape);
  const form = json.form ?? (holdsClasses({ ...output, shape }, layout) ? 'classes' : 'scores');
  checkOutput({ output, shape }, form);
  return {
    form,
    output: output.name,
    input,
    ...single,
    layout,
    activation: json.activation ?? 'sigmoid',
    threshold: json.threshold ?? 0.5,
    ...(json.labels === undefined ? {} : { labels: json.labels }),
  };
}

/** Whole numbers, one for each place. */
function holdsClasses({ datatype, shape }: HeaderValue, layout: SegmentationConfig['layout']): boolean {
  const channels = layout === 'NCHW' ? shape[1] : shape[3];
  return shape.length === 3 || (/INT/.test(datatype) && channels === 1);
}

function checkOutput(
  { output, shape }: { readonly output: HeaderValue; readonly shape: readonly number[] },
  form: SegmentationConfig['form'],
): void {
  if (output.unranked === true) return;
  const fits = form === 'scores' ? shape.length === 4 : shape.length === 3 || shape.length === 4;
  if (fits && output.datatype !== 'BYTES') return;
  const expected = form === 'scores' ? 'scores [N,C,H,W]' : 'class numbers [N,H,W] or [N,1,H,W]';
  throw contradiction(`segmentation reads ${describeValue('output', output)}`, `Expected ${expected}`);
}

/** Checks labels against the classes that the output declares. Throws MODEL_INVALID where their numbers differ. */
export function checkSegmentationLabels(
  config: SegmentationConfig,
  labels: readonly string[],
  header: OnnxHeader,
): void {
  const output = findValue(header.outputs, 'segmentation.output', config.output);
  const classes = countSegments(config, output.shape);
  if (classes === undefined || labels.length === classes || (classes === 2 && labels.length === 1)) return;
  throw contradiction(
    `${describeLabels('segmentation', config.labels ?? '')} has ${labels.length} lines, but ${describeValue('output', output)} has ${classes} classes`,
    'Give one label per line, in the order of the classes',
  );
}
