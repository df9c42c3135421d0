import { describeValue } from '../complete/contradiction.js';
import type { OnnxHeader } from '../config.js';
import { findMethod } from './filters.js';
import { readId2label } from './id2label.js';
import { findImageInput, type ImageInput } from './image-input.js';
import { isRecord, isSide, numbersOf, parseObject, type Json } from './json.js';
import { nothingFound, type Finding, type FindingSubject } from './types.js';

const refusedOf = (what: string): Finding => ({ json: {}, notes: [`Found in config.json, not used: ${what}.`] });

/** Detectors of Hugging Face whose classes are independent of each other; DETR and YOLOS have a class for nothing. */
const independent = /^(ConditionalDetr|DeformableDetr|RTDetr|RTDetrV2|DFine|DabDetr)ForObjectDetection$/;
const withNothing = /^(Detr|Yolos|TableTransformer)ForObjectDetection$/;

/** A folder as Hugging Face's exporters write it: `config.json` and `preprocessor_config.json`. */
export function findHuggingFace({ header, companions }: FindingSubject): Finding {
  const config = parseObject(companions.get('config.json'));
  const [architecture] = Array.isArray(config?.['architectures']) ? (config['architectures'] as unknown[]) : [];
  if (config === undefined || typeof architecture !== 'string') return nothingFound;
  const task = readTask(architecture, config, header);
  if (task === undefined) return nothingFound;
  if ('notes' in task) return task;
  const processor = parseObject(companions.get('preprocessor_config.json'));
  const input = findImageInput(header, { isImage: processor !== undefined && (config['num_channels'] ?? 3) === 3 });
  const image = processor === undefined || input === undefined ? undefined : readImage(processor, input);
  const imageNotes =
    processor === undefined
      ? ['There is no preprocessor_config.json, so it takes no images: give "image" in model.json.']
      : typeof image === 'string' || image === undefined
        ? [
            `Found in preprocessor_config.json, not used: ${image ?? 'no single input takes an image'}. Give "image" in model.json.`,
          ]
        : [`Found in preprocessor_config.json: how images are prepared (${describe(image.json)}).`, ...image.notes];
  const json = { ...task.json, ...(typeof image === 'object' ? { image: image.json } : {}) };
  return { json, notes: [`Found in config.json: ${architecture}, ${task.what}.`, ...imageNotes] };
}

interface Task {
  readonly json: Pick<Finding['json'], 'classification' | 'detection' | 'segmentation'>;
  readonly what: string;
}

function readTask(architecture: string, config: Json, header: OnnxHeader): Task | Finding | undefined {
  const labels = readId2label(config['id2label'], header.outputs[0]?.shape[1]);
  if (architecture.endsWith('ForImageClassification')) {
    if (labels === undefined) return refusedOf('its id2label is not a list of labels from 0 on');
    const [output] = header.outputs;
    if (output?.shape.length !== 2 || (output.shape[1] !== -1 && output.shape[1] !== labels.length)) {
      const what = output === undefined ? 'there is no output' : describeValue('output', output);
      return refusedOf(`${labels.length} labels, but ${what}`);
    }
    const activation = config['problem_type'] === 'multi_label_classification' ? 'sigmoid' : 'softmax';
    return {
      json: { classification: { output: output.name, activation, labels } },
      what: `classification of ${labels.length} classes`,
    };
  }
  if (architecture.endsWith('ForSemanticSegmentation')) return readSegments(labels, header);
  const isIndependent = independent.test(architecture);
  if (!isIndependent && !withNothing.test(architecture)) return undefined;
  if (labels === undefined) return refusedOf('its id2label is not a list of labels from 0 on');
  const logits = header.outputs.find(({ name }) => name === 'logits');
  const boxes = header.outputs.find(({ name }) => name === 'pred_boxes');
  const classes = labels.length + (isIndependent ? 0 : 1);
  const size = logits?.shape.at(-1) ?? 0;
  if (logits?.shape.length !== 3 || boxes?.shape.at(-1) !== 4 || (size !== -1 && size !== classes)) {
    return refusedOf(
      `${architecture} has 'pred_boxes' [N,K,4] and 'logits' [N,K,${classes}], which the model does not have`,
    );
  }
  const activation = isIndependent ? 'sigmoid' : 'softmax';
  const detection = { form: 'detr', boxes: boxes.name, scores: logits.name, activation, labels } as const;
  return { json: { detection }, what: `detection of ${labels.length} classes` };
}

/** Scores of each class at each place: SegFormer, UperNet, BEiT, DPT and their kind. */
function readSegments(labels: string[] | undefined, { outputs }: OnnxHeader): Task | Finding {
  if (labels === undefined) return refusedOf('its id2label is not a list of labels from 0 on');
  const logits = outputs.find(({ name }) => name === 'logits');
  const classes = logits?.shape[1];
  if (logits?.shape.length !== 4 || (classes !== -1 && classes !== labels.length)) {
    const what = logits === undefined ? "there is no output 'logits'" : describeValue('output', logits);
    return refusedOf(`${labels.length} labels, but ${what}`);
  }
  const segmentation = { form: 'scores', output: logits.name, layout: 'NCHW', labels } as const;
  return { json: { segmentation }, what: `segmentation into ${labels.length} classes` };
}

type Image = NonNullable<Finding['json']['image']>;

interface PreparedImage {
  readonly json: Image;
  readonly notes: readonly string[];
}

/** The image block that a processor amounts to, or why there is none. */
function readImage(processor: Json, { input, width, height }: ImageInput): PreparedImage | string {
  const unread = ['rescale_offset', 'keep_aspect_ratio'].find((key) => processor[key] === true);
  if (unread !== undefined) return `its ${unread} is not supported`;
  const resize = readResize(processor, { width, height });
  if (typeof resize === 'string') return resize;
  const { json, made } = resize;
  const isOther = (own: number, side: number) => own !== -1 && own !== side;
  if (isOther(width, made.width) || isOther(height, made.height)) {
    return `it makes ${made.width}x${made.height}, but ${describeValue('input', input)}`;
  }
  const mean = numbersOf(processor['image_mean']);
  const std = numbersOf(processor['image_std']);
  const isNormalised = processor['do_normalize'] !== false && (mean !== undefined || std !== undefined);
  if (isNormalised && (mean?.length !== 3 || std?.length !== 3))
    return 'image_mean and image_std are not three numbers each';
  const factor = processor['rescale_factor'];
  const scale = processor['do_rescale'] === false ? 1 : typeof factor === 'number' ? factor : 1 / 255;
  const { resample, notes } = findMethod(processor['resample'], 'preprocessor_config.json');
  const filter = resample === undefined ? {} : { resample };
  // EfficientNet's processor divides by the deviation twice.
  const divisor = processor['include_top'] === true ? std?.map((value) => value * value) : std;
  const normalised = isNormalised && mean && divisor ? { mean, std: divisor } : {};
  const order = processor['do_flip_channel_order'] === true ? { color: 'bgr' as const } : {};
  return { json: { input: input.name, ...json, ...filter, ...order, scale, ...normalised }, notes };
}

interface Resized {
  readonly json: Pick<Image, 'resize' | 'crop'>;
  readonly made: { readonly width: number; readonly height: number };
}

function readResize(processor: Json, own: { readonly width: number; readonly height: number }): Resized | string {
  const side = sidesOf(processor['size']);
  const crop = processor['do_center_crop'] === true ? sidesOf(processor['crop_size'] ?? processor['size']) : undefined;
  const cut = crop === undefined ? undefined : (crop.exact ?? square(crop.shortest));
  if (processor['do_resize'] === false || side === undefined) return 'it does not resize to a given size';
  if (side.exact !== undefined) {
    const { exact } = side;
    const json = { resize: { ...exact, fit: 'fill' as const }, ...(cut === undefined ? {} : { crop: cut }) };
    return { json, made: cut ?? exact };
  }
  const { shortest } = side;
  if (shortest === undefined) return 'its size is neither two sides nor a shortest edge';
  const part = processor['crop_pct'];
  const isLonger = typeof part === 'number' && (shortest < 384 || cut !== undefined);
  const edge = isLonger
    ? Math.floor(shortest / part)
    : isLevit(processor)
      ? Math.floor(shortest * (256 / 224))
      : shortest;
  const resize = { width: edge, height: edge, fit: 'outside', rounding: 'down' } as const;
  // ConvNeXt's processor: below 384 the shortest edge is made longer and the middle cut out.
  const made = cut ?? (isLonger ? square(shortest) : undefined);
  if (made !== undefined) return { json: { resize, crop: made }, made };
  return own.width === -1
    ? 'it makes images of various sizes'
    : `it makes images of various sizes, but the model takes ${own.width}x${own.height}`;
}

/** Its processor makes the shortest edge longer than it says. */
const isLevit = (processor: Json): boolean =>
  /^Levit/.test(String(processor['image_processor_type'] ?? processor['feature_extractor_type']));

const square = (side: number | undefined) => (side === undefined ? undefined : { width: side, height: side });

function sidesOf(size: unknown): { exact?: { width: number; height: number }; shortest?: number } | undefined {
  if (isSide(size)) return { shortest: size };
  if (!isRecord(size)) return undefined;
  const { width, height, shortest_edge: shortest } = size;
  if (isSide(width) && isSide(height)) return { exact: { width, height } };
  return isSide(shortest) ? { shortest } : {};
}

function describe({ resize, crop, resample = 'bilinear' }: Image): string {
  const made = crop ?? resize;
  return `${String(made?.width)}x${String(made?.height)}, ${resample}`;
}
