import { loadSharp } from './decode.js';
import type { Pixels } from './preprocess.js';

/** What people still see as the camera's image. */
const quality = 80;

/** Draws on an image of a camera, upright, and answers it as a JPEG. Rejects for what is no image, or has more than `maxPixels`. */
export async function drawOnImage(
  file: Uint8Array,
  maxPixels: number,
  draw: (pixels: Pixels) => void,
): Promise<Buffer> {
  const sharp = await loadSharp();
  const image = sharp(file, { failOn: 'error', limitInputPixels: maxPixels, autoOrient: true });
  const upright = image.flatten({ background: '#fff' }).toColourspace('srgb').raw({ depth: 'uchar' });
  const { data, info } = await upright.toBuffer({ resolveWithObject: true });
  return encode({ data, width: info.width, height: info.height }, draw);
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
