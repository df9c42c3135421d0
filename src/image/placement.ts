import type { ImageConfig } from '../model/config.js';
import { fitImage, type ImageSize } from './fit.js';
import { cutBefore } from './preprocess.js';

/** Where an image lies in the model's input: x of the image is `x * scaleX + padX` there. */
export interface Placement {
  readonly scaleX: number;
  readonly scaleY: number;
  /** Of the image's left edge; negative where a crop cut it off. */
  readonly padX: number;
  readonly padY: number;
  readonly imageWidth: number;
  readonly imageHeight: number;
}

/** Where the steps of docs/images.md put an image of a size. */
export function placeImage(image: ImageSize, { resize, crop }: Pick<ImageConfig, 'resize' | 'crop'>): Placement {
  const { scaled, window, canvas } = fitImage(image, resize);
  const cut = (side: 'width' | 'height'): number =>
    crop === undefined ? 0 : cutBefore(canvas[side] - crop[side], crop);
  return {
    scaleX: scaled.width / image.width,
    scaleY: scaled.height / image.height,
    padX: canvas.left - window.left - cut('width'),
    padY: canvas.top - window.top - cut('height'),
    imageWidth: image.width,
    imageHeight: image.height,
  };
}
