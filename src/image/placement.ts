import type { ImageConfig } from '../model/config.js';

/** Pixels of an image, upright. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

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
export function placeImage({ width, height }: ImageSize, { resize, crop }: PlacementConfig): Placement {
  const across = placeAxis(width, resize.width, { resize, other: height / resize.height, crop: crop?.width });
  const down = placeAxis(height, resize.height, { resize, other: width / resize.width, crop: crop?.height });
  return {
    scaleX: across.scale,
    scaleY: down.scale,
    padX: across.pad,
    padY: down.pad,
    imageWidth: width,
    imageHeight: height,
  };
}

type PlacementConfig = Pick<ImageConfig, 'resize' | 'crop'>;

/** One axis; `other` is the shrink factor that would fit the other one. */
function placeAxis(
  size: number,
  box: number,
  of: { readonly resize: PlacementConfig['resize']; readonly other: number; readonly crop: number | undefined },
): { readonly scale: number; readonly pad: number } {
  const { fit } = of.resize;
  const own = size / box;
  const isInside = fit === 'contain' || fit === 'inside';
  const factor = fit === 'fill' ? own : isInside ? Math.max(own, of.other) : Math.min(own, of.other);
  const fitted = fit === 'fill' ? box : Math.max(1, roundToEven(size / factor));
  // Bars lie half before the image, the lesser half where they are odd; a crop cuts the greater half before it.
  const resized = fit === 'inside' || fit === 'outside' ? fitted : box;
  const pad = fit === 'contain' ? Math.floor((box - fitted) / 2) : -Math.ceil((fitted - resized) / 2);
  const cut = of.crop === undefined ? 0 : Math.ceil((resized - of.crop) / 2);
  return { scale: fitted / size, pad: pad - cut };
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
