import { decodeWhole, loadSharp } from '../decode.js';
import type { Pixels } from '../preprocess.js';

/** What people still see as the camera's image. */
const quality = 80;

/** Draws on an image of a camera that a model has taken, upright and in the colours that it saw, and answers it as a JPEG. */
export async function drawOnImage(file: Uint8Array, draw: (pixels: Pixels) => void): Promise<Buffer> {
  return encode(await decodeWhole(file), draw);
}

/** Draws on a black image of a size. */
export function drawOnBlack(width: number, height: number, draw: (pixels: Pixels) => void): Promise<Buffer> {
  return encode({ data: Buffer.alloc(3 * width * height), width, height }, draw);
}

async function encode(pixels: Pixels, draw: (pixels: Pixels) => void): Promise<Buffer> {
  const sharp = await loadSharp();
  draw(pixels);
  const { data, width, height } = pixels;
  return sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer();
}
