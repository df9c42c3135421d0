/*
 * Detection by its definition, in plain float64 loops over nested lists. It shares nothing with src/tasks/detection but the
 * names of the forms.
 */

export interface Found {
  readonly box: readonly number[];
  readonly index: number;
  readonly score: number;
}

/** How an image was letterboxed: x of the input is x of the image by `scale`, plus `left`. */
export interface Letterbox {
  readonly scale: readonly [number, number];
  readonly left: number;
  readonly top: number;
  readonly image: readonly [width: number, height: number];
}

export interface ReferenceOptions {
  readonly score: number;
  /** Undefined: nothing gives way. */
  readonly iou?: number;
  readonly max: number;
  readonly acrossClasses?: boolean;
}

/** Corners from centre and size. */
export const around = ([cx = 0, cy = 0, w = 0, h = 0]: readonly number[]): number[] => [
  cx - w / 2,
  cy - h / 2,
  cx + w / 2,
  cy + h / 2,
];

export const softmax = (logits: readonly number[]): number[] => {
  const powers = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
};

export const bestOf = (scores: readonly number[]): readonly [index: number, score: number] => {
  const score = Math.max(...scores);
  return [scores.indexOf(score), score];
};

const area = ([x0 = 0, y0 = 0, x1 = 0, y1 = 0]: readonly number[]) => Math.max(0, x1 - x0) * Math.max(0, y1 - y0);

function iouOf(a: readonly number[], b: readonly number[]): number {
  const shared = area([Math.max(a[0]!, b[0]!), Math.max(a[1]!, b[1]!), Math.min(a[2]!, b[2]!), Math.min(a[3]!, b[3]!)]);
  return shared / (area(a) + area(b) - shared);
}

/** From all boxes of the input, in the order of the outputs, to those that an answer holds. */
export function answerOf(all: readonly Found[], letterbox: Letterbox, options: ReferenceOptions): readonly Found[] {
  const { scale, left, top, image } = letterbox;
  const clip = (value: number, most: number) => (value < 0 ? 0 : value > most ? most : value);
  const inImage = ([x0 = 0, y0 = 0, x1 = 0, y1 = 0]: readonly number[]) => [
    clip((x0 - left) / scale[0], image[0]),
    clip((y0 - top) / scale[1], image[1]),
    clip((x1 - left) / scale[0], image[0]),
    clip((y1 - top) / scale[1], image[1]),
  ];
  const waiting = all
    .filter(({ score, box }) => score >= options.score && box.every(Number.isFinite) && area(inImage(box)) > 0)
    .sort((a, b) => b.score - a.score);
  const kept: Found[] = [];
  for (let best = waiting.shift(); best !== undefined && kept.length < options.max; best = waiting.shift()) {
    const { box, index } = best;
    kept.push({ ...best, box: inImage(box) });
    const { iou } = options;
    if (iou === undefined) continue;
    const gives = (other: Found) => (options.acrossClasses || other.index === index) && iouOf(box, other.box) > iou;
    for (let n = waiting.length - 1; n >= 0; n--) if (gives(waiting[n]!)) waiting.splice(n, 1);
  }
  return kept;
}
