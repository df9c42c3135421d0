import { drawCaption, drawFrame, measureCaption, type Box, type Rgb } from '../../image/drawing/draw.js';
import { placeCaptions } from '../../image/drawing/place-captions.js';
import type { Pixels } from '../../image/preprocess.js';

type Detections = readonly {
  readonly box: Box;
  readonly label?: string;
  readonly index: number;
  readonly score: number;
}[];

/** Of an answer of `POST /predictions/{model}` what can be drawn. */
export interface DrawnAnswer {
  readonly predictions?: readonly { readonly label?: string; readonly index: number; readonly probability: number }[];
  readonly detections?: Detections;
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

/** Draws boxes with their labels, of which none covers another, or the best classes line by line, below the line that says how it goes. */
export function drawAnswer(pixels: Pixels, answer: DrawnAnswer, status: string): void {
  const lines = [status, ...classLines(answer)];
  drawBoxes(pixels, answer.detections ?? [], lines);
  drawLines(pixels, lines);
}

/** The best box lies on top. */
function drawBoxes(pixels: Pixels, detections: Detections, lines: readonly string[]): void {
  const scale = scaleFor(pixels);
  const toneOf = ({ index }: Detections[number]): Rgb => tones[index % tones.length] ?? plain;
  for (const each of detections.toReversed()) {
    drawFrame(pixels, each.box, { color: toneOf(each), thickness: scale });
  }
  const sizeOf = (text: string) => {
    const [width, height] = measureCaption({ text, scale });
    return { width, height };
  };
  const texts = detections.map(({ label, index, score }) => `${label ?? `class ${index}`} ${percent(score)}`);
  const captions = detections.map(({ box: [left, top, right, bottom] }, n) => ({
    box: { left, top, width: right - left, height: bottom - top },
    size: sizeOf(texts[n] ?? ''),
  }));
  const taken = lines.map((text, n) => ({ left: 0, top: n * sizeOf(text).height, ...sizeOf(text) }));
  for (const [n, place] of placeCaptions(captions, { room: pixels, taken }).entries()) {
    const [found, text] = [detections[n], texts[n]];
    if (place === undefined || found === undefined || text === undefined) continue;
    drawCaption(pixels, { text, x: place.left, y: place.top, scale, ground: toneOf(found) });
  }
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
