import { drawable, glyphSize, isInked } from './glyphs.js';
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
