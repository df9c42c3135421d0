import type { BytesElement } from '../tensor/tensor.js';
import { inTurns } from '../in-turns.js';
import { decodeImage, encodePng, readUprightSize } from './decode.js';
import { imageBytes } from './image-bytes.js';
import type { ImageSize } from './fit.js';
import type { Pixels } from './preprocess.js';

/** What is cut out of an image: boxes [x0, y0, x1, y1] in its pixels, upright. */
export interface CropsToCut {
  readonly image: BytesElement;
  readonly boxes: readonly (readonly number[])[];
  /** Added on each side, in parts of the box's side. */
  readonly margin: number;
  /** Whether the shorter side is widened to the longer one. */
  readonly square: boolean;
  /** Boxes with a shorter side in the image are left out. */
  readonly leastSide: number;
}

/** Each box as a PNG; undefined where it lies outside the image or is too small. Rejects as `decodeImage` does. */
export async function cutCrops({ image, boxes, ...how }: CropsToCut): Promise<readonly (Uint8Array | undefined)[]> {
  const bytes = imageBytes(image);
  const size = await readUprightSize(bytes).catch(() => ({ width: 1, height: 1 }));
  const pixels = await decodeImage(bytes, { ...size, fit: 'fill', background: [0] });
  const areas = boxes.map((box) => placeCrop(box, pixels, how));
  // Each is a copy, perhaps of the whole image.
  const turns = { most: pixels.width * pixels.height, sizeOf: (area: Area | undefined) => pixelsOf(area) };
  return inTurns(areas, turns, async (area) => area && encodePng(cutPixels(pixels, area)));
}

const pixelsOf = (area: Area | undefined): number => (area === undefined ? 0 : area.width * area.height);

interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Where a box with its margin lies in an image, every pixel that it touches; undefined where it does not, or the box is too small. */
export function placeCrop(
  [x0 = NaN, y0 = NaN, x1 = NaN, y1 = NaN]: readonly number[],
  { width, height }: ImageSize,
  { margin, square, leastSide }: Pick<CropsToCut, 'margin' | 'square' | 'leastSide'>,
): Area | undefined {
  const inside = [Math.min(x1, width) - Math.max(x0, 0), Math.min(y1, height) - Math.max(y0, 0)];
  if (!inside.every((side) => side > 0 && side >= leastSide)) return undefined;
  const wide = (x1 - x0) * (1 + 2 * margin);
  const tall = (y1 - y0) * (1 + 2 * margin);
  const [across, down] = square ? [Math.max(wide, tall), Math.max(wide, tall)] : [wide, tall];
  const [cx, cy] = [(x0 + x1) / 2, (y0 + y1) / 2];
  const left = Math.max(0, Math.floor(settle(cx - across / 2)));
  const top = Math.max(0, Math.floor(settle(cy - down / 2)));
  const right = Math.min(width, Math.ceil(settle(cx + across / 2)));
  const bottom = Math.min(height, Math.ceil(settle(cy + down / 2)));
  return { left, top, width: right - left, height: bottom - top };
}

/** An edge within a ten thousandth of a pixel of a whole one is that: boxes are told to that place. */
const settle = (edge: number): number => (Math.abs(edge - Math.round(edge)) < 1e-4 ? Math.round(edge) : edge);

function cutPixels({ data, width }: Pixels, area: Area): Pixels {
  const row = area.width * 3;
  const cut = new Uint8Array(row * area.height);
  for (let y = 0; y < area.height; y += 1) {
    const from = ((area.top + y) * width + area.left) * 3;
    cut.set(data.subarray(from, from + row), y * row);
  }
  return { data: cut, width: area.width, height: area.height };
}
