import { drawCaption, drawFrame, measureCaption, type Box, type Rgb } from '../../image/drawing/draw.js';
import type { Pixels } from '../../image/preprocess.js';

/** Of an answer of `POST /predictions/{model}` what can be drawn. */
export interface DrawnAnswer {
  readonly predictions?: readonly { readonly label?: string; readonly index: number; readonly probability: number }[];
  readonly detections?: readonly {
    readonly box: Box;
    readonly label?: string;
    readonly index: number;
    readonly score: number;
  }[];
  readonly segmentation?: {
    readonly classes: readonly { readonly label?: string; readonly index: number; readonly share: number }[];
  };
}

const tones: readonly Rgb[] = [
  [11, 110, 138], [196, 61, 61], [122, 79, 168], [46, 125, 50],
  [191, 98, 0], [173, 42, 110], [92, 107, 0], [63, 81, 181],
]; // prettier-ignore
const plain: Rgb = [20, 26, 32];
const mostLines = 5;

/** Draws boxes with their labels, or the best classes line by line, below the line that says how it goes. */
export function drawAnswer(pixels: Pixels, answer: DrawnAnswer, status: string): void {
  const scale = scaleFor(pixels);
  const { detections = [] } = answer;
  for (const { box, label, index, score } of detections.toReversed()) {
    const color = tones[index % tones.length] ?? plain;
    drawFrame(pixels, box, { color, thickness: scale });
    const caption = { text: `${label ?? `class ${index}`} ${percent(score)}`, scale, ground: color };
    const [width, height] = measureCaption(caption);
    const [left, top] = [Math.min(box[0], pixels.width - width), box[1] - height];
    drawCaption(pixels, { ...caption, x: Math.max(0, Math.round(left)), y: Math.max(0, Math.round(top)) });
  }
  drawLines(pixels, [status, ...classLines(answer)]);
}

/** Lines from the upper left corner down. */
export function drawLines(pixels: Pixels, lines: readonly string[]): void {
  const scale = scaleFor(pixels);
  for (const [n, text] of lines.entries()) {
    const [, height] = measureCaption({ text, scale });
    drawCaption(pixels, { text, x: 0, y: n * height, scale, ground: plain });
  }
}

function classLines({ predictions, segmentation }: DrawnAnswer): readonly string[] {
  const shares = segmentation?.classes.map((each) => ({ ...each, probability: each.share })) ?? [];
  const all = predictions ?? shares.toSorted((a, b) => b.probability - a.probability);
  return all
    .slice(0, mostLines)
    .map(({ label, index, probability }) => `${label ?? `class ${index}`} ${percent(probability)}`);
}

/** NaN, which is null in JSON, is no share. */
const percent = (share: number | null): string => (share === null ? 'NaN' : `${(100 * share).toFixed(1)} %`);

/** Signs that can be read on an image of any size. */
const scaleFor = ({ width, height }: Pixels): number => Math.max(1, Math.round(Math.min(width, height) / 240));
