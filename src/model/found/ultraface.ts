import type { ModelJson } from '../config-schema.js';
import type { HeaderValue, OnnxHeader } from '../config.js';
import { exampleInputs } from '../example/example.js';
import { kindOf } from '../example/input-kind.js';
import { findImageInput, type Size } from './image-input.js';
import { nothingFound, type Finding, type FindingSubject } from './types.js';

/** Pixels between the cells of each grid, and priors of a cell. */
const grids = [
  [8, 3],
  [16, 2],
  [32, 2],
  [64, 3],
] as const;

/**
 * UltraFace, which says nothing of itself, by its shapes: as many boxes as its grids have priors, a score for nothing and one for a face, and
 * the operators that make scores of logits and boxes of offsets. How images are prepared stands in no file, so that is not found.
 */
export function findUltraFace({ header }: FindingSubject): Finding {
  const size = readUltraFace(header);
  if (size === undefined) return nothingFound;
  return {
    json: { detection: { form: 'ssd', boxes: 'boxes', scores: 'scores', labels: ['face'] } },
    notes: [
      `Found by shapes: UltraFace, detection of faces, form "ssd", images ${size.width}x${size.height}.`,
      `No file says how its images are prepared, so it takes none. Its authors' way, for model.json: ${writeBlock(preparation(size))}`,
    ],
  };
}

function readUltraFace(header: OnnxHeader): Size | undefined {
  const image = findImageInput(header);
  const scores = header.outputs.find(({ name }) => name === 'scores');
  const boxes = header.outputs.find(({ name }) => name === 'boxes');
  if (image?.input.shape[1] !== 3 || image.width === -1 || image.height === -1) return undefined;
  const { width, height } = image;
  const priors = grids.reduce(
    (sum, [stride, each]) => sum + Math.ceil(width / stride) * Math.ceil(height / stride) * each,
    0,
  );
  const isTable = (output: HeaderValue | undefined, fields: number) =>
    output?.shape.length === 3 && output.shape[1] === priors && output.shape[2] === fields;
  const fits = header.outputs.length === 2 && isTable(scores, 2) && isTable(boxes, 4);
  return fits && isDecoded(header) ? { width, height } : undefined;
}

type Image = NonNullable<ModelJson['image']>;

/** What the authors do to images. */
const preparation = ({ width, height }: Size): Image => ({
  resize: { width, height, fit: 'contain' },
  scale: 0.0078125,
  mean: [0.9921875],
});

/** The `image` block to write for a model that has none: of a known kind as its authors have it, else to be filled in. */
export function suggestImage(header: OnnxHeader): Image | undefined {
  const ultraFace = readUltraFace(header);
  if (ultraFace !== undefined) return preparation(ultraFace);
  const [input, ...others] = header.inputs;
  if (input === undefined || others.length > 0) return undefined;
  const kind = kindOf(input, header);
  if (kind.kind !== 'image' || ![1, 3].includes(input.shape[kind.channels] ?? 0)) return undefined;
  const shape = exampleInputs(header).get(input.name)?.shape ?? [];
  const { [kind.rows]: height, [kind.columns]: width, [kind.channels]: channels } = shape;
  const each = (value: number) => Array.from({ length: channels ?? 0 }, () => value);
  return { resize: { width, height }, mean: each(0), std: each(1) };
}

const writeBlock = (image: Image): string =>
  `"image": ${JSON.stringify(image).replaceAll(/([:,])(?=["[{\d])/g, '$1 ')}`;

/** The same as the end of a sentence. */
export function adviseImage(header: OnnxHeader): string | undefined {
  const image = suggestImage(header);
  if (image === undefined) return undefined;
  const text = writeBlock(image);
  return readUltraFace(header) === undefined ? `${text}, with sizes, mean and std of its training` : text;
}

/** An export without them leaves logits and offsets to others. */
const isDecoded = ({ operators }: OnnxHeader): boolean => ['Softmax', 'Exp'].every((operator) => operator in operators);
