import type { HeaderValue } from '../config.js';
import type { DetectionForm } from '../detection-config.js';
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
    const what = names === undefined ? "its 'names' cannot be read" : 'no lone input takes an image';
    return { json: {}, notes: [`Found in ${source}: a model of Ultralytics (task ${task}), not used: ${what}.`] };
  }
  const size = chooseSize(input, parseSize(imgsz), `'imgsz' in ${source}`);
  if (size === undefined)
    return { json: {}, notes: [`Found in ${source}: task ${task}, not used: no size of the image is known.`] };
  const { width, height, notes } = size;
  const image = (fit: 'contain' | 'cover') => ({
    input: input.input.name,
    resize: { width, height, fit, ...(fit === 'contain' ? { background: bars } : {}) },
  });
  if (task === 'classify') return { ...classify(names, header.outputs, image('cover')) };
  if (task !== 'detect')
    return { json: {}, notes: [`Found in ${source}: task ${task}, for which there are no answers but raw tensors.`] };
  const [output] = header.outputs;
  const form = output === undefined ? undefined : formOf(output, names.length, header.metadata);
  if (output === undefined || form === undefined) {
    const what =
      output === undefined
        ? 'it has no output'
        : `${describeValue('output', output)} is not a table of boxes for ${names.length} classes`;
    return { json: {}, notes: [`Found in ${source}: task detect, not used: ${what}.`] };
  }
  const found = `Found in ${source} (Ultralytics): detection of ${names.length} classes, form "${form}", images ${width}x${height} with bars.`;
  return {
    json: { image: image('contain'), detection: { form, output: output.name, labels: names } },
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
  classes: number,
  { args = '', end2end = '' }: Readonly<Record<string, string>>,
): DetectionForm | undefined {
  if (shape.length !== 3) return undefined;
  const [, a, b] = shape;
  const isFinished = /['"]nms['"]: *True/i.test(args) || end2end.toLowerCase() === 'true';
  if (b === 6 && (isFinished || classes !== 1)) return 'end-to-end';
  if (isFinished) return undefined;
  if (a === 4 + classes && b !== 5 + classes) return 'yolov8';
  return b === 5 + classes && a !== 4 + classes ? 'yolov5' : undefined;
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
