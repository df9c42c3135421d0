import type { HeaderValue } from '../config.js';
import type { DetectionForm } from '../tasks/detection-config.js';
import { describeValue } from '../complete/contradiction.js';
import { chooseSize, findImageInput } from './image-input.js';
import { nothingFound, type Finding, type FindingSubject } from './types.js';

const source = "the model file's metadata";

/** Gray bars, as Ultralytics's letterbox has them. */
const bars = [114];

/** What Ultralytics writes into its exports: `task`, `names`, `imgsz`, `stride`. */
export function findUltralytics({ header }: FindingSubject): Finding {
  const { task, names: text, imgsz, stride } = header.metadata;
  if (task === undefined || text === undefined || stride === undefined) return nothingFound;
  const names = parseNames(text);
  const input = findImageInput(header);
  if (names === undefined || input === undefined) {
    const what = names === undefined ? "its 'names' cannot be read" : 'no single input takes an image';
    return { json: {}, notes: [`Found in ${source}: a model of Ultralytics (task ${task}), not used: ${what}.`] };
  }
  const size = chooseSize(input, parseSize(imgsz), `'imgsz' in ${source}`);
  if (size === undefined)
    return { json: {}, notes: [`Found in ${source}: task ${task}, not used: no size of the image is known.`] };
  const { width, height } = size;
  const image = (fit: 'contain' | 'cover') => ({
    input: input.input.name,
    resize: { width, height, fit, ...(fit === 'contain' ? { background: bars } : {}) },
  });
  if (task === 'classify') return { ...classify(names, header.outputs, image('cover')) };
  if (task !== 'detect' && task !== 'segment') {
    const what = `task ${task}, which is answered with raw tensors only: detect, segment and classify are known`;
    return { json: {}, notes: [`Found in ${source}: ${what}.`] };
  }
  return findBoxes({ names, header, task }, { ...size, image: image('contain') });
}

interface Exported {
  readonly names: readonly string[];
  readonly header: FindingSubject['header'];
  readonly task: 'detect' | 'segment';
}

interface Images {
  readonly width: number;
  readonly height: number;
  readonly notes: readonly string[];
  readonly image: NonNullable<Finding['json']['image']>;
}

/** Boxes, and of the task segment masks too. */
function findBoxes({ names, header, task }: Exported, { width, height, notes, image }: Images): Finding {
  const [output, prototypes] = header.outputs;
  const masks = task === 'segment' ? prototypes : undefined;
  if (task === 'segment' && !(masks?.shape.length === 4 && (masks.shape[1] ?? -1) > 0)) {
    const what =
      masks === undefined ? 'it has one output' : `${describeValue('output', masks)} holds no prototypes of masks`;
    return { json: {}, notes: [`Found in ${source}: task segment, not used: ${what}.`] };
  }
  const coefficients = masks?.shape[1] ?? 0;
  const form =
    output === undefined ? undefined : formOf(output, { classes: names.length, coefficients }, header.metadata);
  if (output === undefined || form === undefined) {
    const what =
      output === undefined
        ? 'it has no output'
        : `${describeValue('output', output)} is not a table of boxes for ${names.length} classes${masks === undefined ? '' : ` and ${coefficients} coefficients of masks`}`;
    return { json: {}, notes: [`Found in ${source}: task ${task}, not used: ${what}.`] };
  }
  const detail = masks === undefined ? '' : ` with masks of ${coefficients} prototypes`;
  const found = `Found in ${source} (Ultralytics): detection of ${names.length} classes${detail}, form "${form}", images ${width}x${height} with bars.`;
  const own = { form, output: output.name, labels: [...names], ...(masks === undefined ? {} : { masks: masks.name }) };
  return {
    json: { image, detection: own },
    notes: [found, ...notes],
  };
}

function classify(
  names: readonly string[],
  outputs: readonly HeaderValue[],
  image: NonNullable<Finding['json']['image']>,
): Finding {
  const [output] = outputs;
  if (output?.shape.length !== 2 || output.shape[1] !== names.length) {
    const what =
      output === undefined
        ? 'it has no output'
        : `${describeValue('output', output)} does not have ${names.length} classes`;
    return { json: {}, notes: [`Found in ${source}: task classify, not used: ${what}.`] };
  }
  const found = `Found in ${source} (Ultralytics): classification of ${names.length} classes.`;
  return {
    json: { image, classification: { output: output.name, activation: 'none', labels: [...names] } },
    notes: [found],
  };
}

/** The form that has room for so many classes; suppression inside gives few rows of six, whatever the classes. */
function formOf(
  { shape }: HeaderValue,
  { classes, coefficients }: { readonly classes: number; readonly coefficients: number },
  { args = '', end2end = '' }: Readonly<Record<string, string>>,
): DetectionForm | undefined {
  if (shape.length !== 3) return undefined;
  const [, a, b] = shape;
  const isFinished = /['"]nms['"]: *True/i.test(args) || end2end.toLowerCase() === 'true';
  const fields = classes + coefficients;
  if (b === 6 + coefficients && (isFinished || classes !== 1)) return 'end-to-end';
  if (isFinished) return undefined;
  if (a === 4 + fields && b !== 5 + fields) return 'yolov8';
  return b === 5 + fields && a !== 4 + fields ? 'yolov5' : undefined;
}

/** `{0: 'person', 1: "child's bicycle"}`, a dictionary as Python writes it, or JSON; in the order of its numbers, none left out. */
export function parseNames(text: string): string[] | undefined {
  const entry = /\s*['"]?(\d+)['"]?\s*:\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*(?:,|(?=\}))/y;
  const body = text.trim();
  const names: string[] = [];
  entry.lastIndex = 1;
  if (!body.startsWith('{')) return undefined;
  for (let at = 1; at < body.length - 1; at = entry.lastIndex) {
    const match = entry.exec(body);
    if (match === null || Number(match[1]) !== names.length) return undefined;
    names.push((match[2] ?? match[3] ?? '').replaceAll(/\\(.)/g, '$1'));
  }
  return body.endsWith('}') && names.length > 0 ? names : undefined;
}

/** `[height, width]`, or one side of a square. */
function parseSize(text: string | undefined): { readonly width: number; readonly height: number } | undefined {
  const [height, width = height, more] = [...(text ?? '').matchAll(/\d+/g)].map(Number);
  return height === undefined || width === undefined || more !== undefined ? undefined : { width, height };
}
