import sharp, { type Sharp } from 'sharp';
import type { ImageConfig, ResizeConfig } from '../../src/model/config.js';
import { draw, type Image } from './reference.js';

/** Ways to draw an image of any size: flat, a slope in every direction, sharp edges, and no order at all. */
export const patterns: Readonly<Record<string, (width: number, height: number) => Image>> = {
  uniform: (width, height) => draw(width, height, () => [10, 128, 250]),
  gradient: (width, height) =>
    draw(width, height, (x, y) =>
      [(255 * x) / width, (255 * y) / height, (255 * (x + y)) / (width + height)].map(Math.round),
    ),
  checker: (width, height) => draw(width, height, (x, y) => (((x >> 3) + (y >> 3)) & 1 ? [255, 255, 0] : [0, 40, 255])),
  noise: (width, height) =>
    draw(width, height, (x, y) => [
      (x * 7919 + y * 104_729) % 256,
      (x * x * 31 + y * 17) % 256,
      (x * 13 + y * y * 57) % 256,
    ]),
};

/** The image in sharp's hands, to be encoded. */
export function encoder({ width, height, rgb }: Image): Sharp {
  return sharp(Uint8Array.from(rgb), { raw: { width, height, channels: 3 } });
}

export const resizeTo = (width: number, height: number, more: Partial<ResizeConfig> = {}): ResizeConfig => ({
  width,
  height,
  fit: 'fill',
  background: [0],
  ...more,
});

/** A config that leaves pixels as they are, at the size given. */
export function plainConfig(width: number, height: number, more: Partial<ImageConfig> = {}): ImageConfig {
  return {
    input: 'image',
    resize: resizeTo(width, height),
    color: 'rgb',
    layout: 'NHWC',
    scale: 1,
    mean: [0],
    std: [1],
    invert: false,
    ...more,
  };
}
