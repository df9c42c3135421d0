import type { ImageConfig } from '../model/config.js';
import { numbersOf } from '../tensor/half.js';
import type { NumericTensor } from '../tensor/tensor.js';
import { encodePng } from './decode.js';
import type { Pixels } from './preprocess.js';

/** What takes an input's values back to pixels. */
export type PreviewConfig = Pick<ImageConfig, 'color' | 'layout' | 'scale' | 'mean' | 'std'>;

/** The images of an input as PNGs, a row each: what the model sees, in the input's size, with bars and crops as they are. */
export function previewImages(tensor: NumericTensor, config: PreviewConfig): Promise<readonly Uint8Array[]> {
  return Promise.all(readBack(tensor, config).map(encodePng));
}

/**
 * The pixels that an input's values stand for: (value * std + mean) / scale, to the nearest of 0..255, so that what a datatype has cut off is
 * missing here too. Gray is answered as three like channels, inverted images stay inverted.
 */
export function readBack(tensor: NumericTensor, config: PreviewConfig): readonly Pixels[] {
  const { color, layout } = config;
  const [a = 0, b = 0, c = 0] = tensor.shape.slice(-3);
  const rows = tensor.shape.length === 3 ? 1 : (tensor.shape[0] ?? 0);
  const [channels, height, width] = layout === 'NCHW' ? [a, b, c] : [c, a, b];
  const values = numbersOf(tensor);
  const all = width * height;
  return Array.from({ length: rows }, (_, row) => {
    const data = new Uint8Array(all * 3);
    for (let channel = 0; channel < 3; channel += 1) {
      const own = color === 'gray' ? 0 : color === 'bgr' ? 2 - channel : channel;
      const [mean, std] = [config.mean[own] ?? config.mean[0] ?? 0, config.std[own] ?? config.std[0] ?? 1];
      const first = row * channels * all + (layout === 'NCHW' ? own * all : own);
      const step = layout === 'NCHW' ? 1 : channels;
      for (let at = 0; at < all; at += 1) {
        const pixel = Math.round((Number(values[first + at * step]) * std + mean) / config.scale);
        data[at * 3 + channel] = Math.min(Math.max(pixel, 0), 255);
      }
    }
    return { data, width, height };
  });
}
