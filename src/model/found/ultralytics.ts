import type { HeaderValue } from '../config.js';
import type { DetectionForm } from '../tasks/detection-config.js';
import { describeValue } from '../complete/contradiction.js';
import { chooseSize, findImageInput } from './image-input.js';
import { nothingFound, type Finding, type FindingSubject } from './types.js';

const source = "the model file's metadata";

/** Gray bars, as Ultralytics's letterbox has them. */
const bars = [114];

/** What Ultralytics writes into its exports: `task`, `names`, `imgsz`, `stride`; of YOLOv5 `names` and `stride` alone. */
export function findUltralytics({ header }: FindingSubject): Finding {
  const { names: text, imgsz, stride, author, description = '' } = header.metadata;
  const task = header.metadata['task'] ?? (header.outputs[1]?.shape.length === 4 ? 'segment' : 'detect');
  const isYolov5 = header.metadata['task'] === undefined;
  if (text === undefined || stride === undefined) return nothingFound;
  const names = parseNames(text);
  const input = findImageInput(header);
  if (names === undefined || input === undefined) {
    if (isYolov5) return nothingFound;
    const unread = text.length > mostNames ? `has ${text.length} characters, more than ${mostNames}` : 'cannot be read';
    const what = names === undefined ? `its 'names' ${unread}` : 'no single input takes an image';
    return { json: {}, notes: [`Found in ${source}: a model of Ultralytics (task ${task}), not used: ${what}.`] };
  }
  const size = chooseSize(input, parseSize(imgsz), `'imgsz' in ${source}`);
  if (size === undefined)
    return { json: {}, notes: [`Found in ${source}: task ${task}, not used: no size of the image is known.`] };
  const { width, height } = size;
  const cut = { width, height };
  if (task === 'classify') {
    // As torchvision's Resize and CenterCrop have it.
    const resize = { width, height, fit: 'outside', rounding: 'down' } as const;
    const image = { input: input.input.name, resize, crop: { ...cut, rounding: 'even' as const } };
    return classify(names, header.outputs, image);
  }
  if (task !== 'detect' && task !== 'segment') {
    const what = `task ${task}, which is answered with raw tensors only: detect, segment and classify are known`;
    return { json: {}, notes: [`Found in ${source}: ${what}.`] };
  }
  const isDetr = /rt-?detr/i.test(description);
  const how = isDetr ? { fit: 'fill' as const } : { fit: 'contain' as const, background: bars };
  // Others write the same keys, and need not resize with OpenCV as Ultralytics does.
  const library = author === 'Ultralytics' || isYolov5 ? { library: 'opencv' as const } : {};
  const image = { input: input.input.name, resize: { ...cut, ...how, ...library } };
  return findBoxes(
    { names, header, task, kind: isDetr ? 'rt-detr' : isYolov5 ? 'yolov5' : 'yolo' },
    { ...size, image },
  );
}

/** Characters of `names`: some forty thousand classes. Of several times as many a regular expression has no room to go back. */
const mostNames = 2 << 20;

interface Exported {
  readonly names: readonly string[];
  readonly header: FindingSubject['header'];
  readonly task: 'detect' | 'segment';
  /** `yolov5`: of YOLOv5's own program and those made from it; its models from Ultralytics' have the form of YOLOv8. */
  readonly kind: 'yolo' | 'yolov5' | 'rt-detr';
}

interface Images {
  readonly width: number;
  readonly height: number;
  readonly notes: readonly string[];
  readonly image: NonNullable<Finding['json']['image']>;
}

/** Boxes, and of the task segment masks too. */
function findBoxes(exported: Exported, { width, height, notes, image }: Images): Finding {
  const { names, header, task, kind } = exported;
  const [output, prototypes] = header.outputs;
  const masks = task === 'segment' ? prototypes : undefined;
  const refused = (what: string): Finding => ({
    json: {},
    notes: [`Found in ${source}: task ${task}, not used: ${what}.`],
  });
  if (task === 'segment' && !(masks?.shape.length === 4 && masks.shape[1] !== 0)) {
    return refused(
      masks === undefined ? 'it has one output' : `${describeValue('output', masks)} holds no prototypes of masks`,
    );
  }
  const coefficients = masks === undefined ? 0 : (masks.shape[1] ?? -1);
  if (output === undefined) return refused('it has no output');
  const form = formOf(output, exported, coefficients);
  if (form === undefined) {
    // Names and a stride alone are no sign of a detector.
    if (kind === 'yolov5') return nothingFound;
    const more = masks === undefined ? '' : ` and ${coefficients} coefficients of masks`;
    return refused(`${describeValue('output', output)} is not a table of boxes for ${names.length} classes${more}`);
  }
  const detail = masks === undefined ? '' : ` with masks${coefficients === -1 ? '' : ` of ${coefficients} prototypes`}`;
  const bars = kind === 'rt-detr' ? '' : ' with bars';
  const found = `Found in ${source} (Ultralytics): detection of ${names.length} classes${detail}, form "${form}", images ${width}x${height}${bars}.`;
  const boxes = kind === 'rt-detr' ? ({ coordinates: 'cxcywh', units: 'relative' } as const) : {};
  const own = { form, output: output.name, labels: [...names], ...boxes };
  return {
    json: { image, detection: { ...own, ...(masks === undefined ? {} : { masks: masks.name }) } },
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
function formOf({ shape }: HeaderValue, exported: Exported, coefficients: number): DetectionForm | undefined {
  const { names, kind } = exported;
  const { args = '', end2end = '' } = exported.header.metadata;
  if (shape.length !== 3) return undefined;
  const [, a = -1, b = -1] = shape;
  const isOpen = (dim: number) => dim === -1 || coefficients === -1;
  const fields = names.length + coefficients;
  const isFinished = /['"]nms['"]: *True/i.test(args) || end2end.toLowerCase() === 'true';
  if (kind === 'rt-detr' && !isFinished && b !== 6 && b === 4 + fields) return 'rt-detr';
  if (isFinished || kind === 'rt-detr') return isOpen(b) || b === 6 + coefficients ? 'end-to-end' : undefined;
  const fits = (dim: number, own: number) => isOpen(dim) || dim === own + fields;
  if (kind === 'yolov5') return b === 5 + fields ? 'yolov5' : a === 4 + fields ? 'yolov8' : undefined;
  // Of one class YOLOv5 has six fields too, and YOLOv10 always 300 rows.
  if (b === 6 + coefficients && (names.length !== 1 || a === 300)) return 'end-to-end';
  if (fits(a, 4) && b !== 5 + fields) return 'yolov8';
  return fits(b, 5) && a !== 4 + fields ? 'yolov5' : undefined;
}

/** `{0: 'person', 1: "child's bicycle"}`, a dictionary as Python writes it, or JSON; in the order of its numbers, none left out. */
export function parseNames(text: string): string[] | undefined {
  if (text.length > mostNames) return undefined;
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
