import type { Pixels } from '../preprocess.js';

/** A colour, 0..255 each. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** Corners in pixels; the second one is outside. Parts beyond the image are left out. */
export type Box = readonly [x0: number, y0: number, x1: number, y1: number];

/** A line of text on a ground of its own. */
export interface Caption {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  /** Pixels of the image for each dot of a sign. */
  readonly scale: number;
  readonly ground: Rgb;
}

/** Fills a rectangle. */
function fillBox({ data, width, height }: Pixels, box: Box, [red, green, blue]: Rgb): void {
  const [x0, y0, x1, y1] = box.map(Math.round) as [number, number, number, number];
  for (let y = Math.max(y0, 0); y < Math.min(y1, height); y += 1) {
    for (let x = Math.max(x0, 0); x < Math.min(x1, width); x += 1) {
      const at = 3 * (y * width + x);
      data[at] = red;
      data[at + 1] = green;
      data[at + 2] = blue;
    }
  }
}

/** Draws the frame of a rectangle, `thickness` pixels inwards. */
export function drawFrame(pixels: Pixels, box: Box, { color, thickness }: { color: Rgb; thickness: number }): void {
  const [x0, y0, x1, y1] = box;
  fillBox(pixels, [x0, y0, x1, y0 + thickness], color);
  fillBox(pixels, [x0, y1 - thickness, x1, y1], color);
  fillBox(pixels, [x0, y0, x0 + thickness, y1], color);
  fillBox(pixels, [x1 - thickness, y0, x1, y1], color);
}

/** Width and height of a caption, its margin included. */
export function measureCaption({ text, scale }: Pick<Caption, 'text' | 'scale'>): readonly [number, number] {
  return [((glyphSize.width + 1) * drawable(text).length + 1) * scale, (glyphSize.height + 2) * scale];
}

/** Writes a line of text, black or white, whichever can be read on its ground. */
export function drawCaption(pixels: Pixels, caption: Caption): void {
  const { text, x, y, scale, ground } = caption;
  const [width, height] = measureCaption(caption);
  fillBox(pixels, [x, y, x + width, y + height], ground);
  const [red, green, blue] = ground;
  const ink: Rgb = 0.3 * red + 0.59 * green + 0.11 * blue > 128 ? [0, 0, 0] : [255, 255, 255];
  for (const [n, sign] of Array.from(drawable(text)).entries()) {
    const left = x + (n * (glyphSize.width + 1) + 1) * scale;
    for (let row = 0; row < glyphSize.height; row += 1) {
      for (let column = 0; column < glyphSize.width; column += 1) {
        if (!isInked(sign, column, row)) continue;
        const [dotX, dotY] = [left + column * scale, y + (row + 1) * scale];
        fillBox(pixels, [dotX, dotY, dotX + scale, dotY + scale], ink);
      }
    }
  }
}

/** Columns and rows of a sign. */
const glyphSize = { width: 5, height: 7 } as const;

/** Seven rows from the top, each a digit to the base of 32 whose five bits are its columns. */
const rows: Readonly<Record<string, string>> = {
  ...{ '0': 'ehjlphe', '1': '4c4444e', '2': 'eh1248v', '3': 'v2421he', '4': '26aiv22', '5': 'vgu11he', '6': '68guhhe' },
  ...{ '7': 'v124888', '8': 'ehhehhe', '9': 'ehhf12c', A: 'ehhvhhh', B: 'uhhuhhu', C: 'ehggghe', D: 'sihhhis' },
  ...{ E: 'vgguggv', F: 'vgguggg', G: 'ehgnhhf', H: 'hhhvhhh', I: 'e44444e', J: '72222ic', K: 'hikokih', L: 'ggggggv' },
  ...{ M: 'hrllhhh', N: 'hpljhhh', O: 'ehhhhhe', P: 'uhhuggg', Q: 'ehhhlid', R: 'uhhukih', S: 'fgge11u', T: 'v444444' },
  ...{ U: 'hhhhhhe', V: 'hhhhha4', W: 'hhhllla', X: 'hha4ahh', Y: 'hhha444', Z: 'v1248gv', ' ': '0000000' },
  ...{ '.': '00000cc', ',': '0000c48', ':': '0cc0cc0', '-': '000v000', _: '000000v', '/': '01248g0', '%': 'op248j3' },
  ...{ '(': '2488842', ')': '8422248', '?': 'eh12404', '!': '4444404', "'": 'c480000', '"': 'aaa0000', '+': '044v440' },
  ...{ '=': '00v0v00', '#': 'aavavaa' },
}; // prettier-ignore

/** A text in the signs that there are: capitals without accents, and ? for what has none. */
function drawable(text: string): string {
  const capitals = text.normalize('NFD').replace(/\p{M}/gu, '').toUpperCase();
  return Array.from(capitals, (sign) => (sign in rows ? sign : '?')).join('');
}

/** Whether a sign is inked at a place. */
function isInked(sign: string, column: number, row: number): boolean {
  const bits = parseInt(rows[sign]?.[row] ?? '0', 32);
  return ((bits >> (glyphSize.width - 1 - column)) & 1) === 1;
}
