import type { ResizeConfig } from '../model/config.js';
import type { Window } from './preprocess.js';

/** Pixels of an image, upright. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** How an image comes to the size that is wanted: it is resampled to `scaled`, cut to `window`, and laid on a canvas. */
export interface Fitting {
  readonly scaled: ImageSize;
  /** The part of the scaled image that stays. */
  readonly window: Window;
  /** The size that comes out, and where the window lies in it. */
  readonly canvas: Window;
}

/** The sizes and places of docs/images.md, "Resize". */
export function fitImage(image: ImageSize, resize: ResizeConfig): Fitting {
  const scaled = scaleImage(image, resize);
  const { width, height, fit, multiple } = resize;
  if (fit === 'cover') {
    const [left, top] = [Math.floor((scaled.width - width) / 2), Math.floor((scaled.height - height) / 2)];
    return { scaled, window: { left, top, width, height }, canvas: { left: 0, top: 0, width, height } };
  }
  const window = { left: 0, top: 0, ...scaled };
  const up = (side: number, of: number): number => Math.ceil(side / of) * of;
  const bars = multiple?.by === 'bars' ? multiple.of : 1;
  const canvas =
    fit === 'contain' ? { width, height } : { width: up(scaled.width, bars), height: up(scaled.height, bars) };
  const before = (room: number): number => (resize.anchor === 'top-left' ? 0 : Math.floor(room / 2));
  const [left, top] = [before(canvas.width - scaled.width), before(canvas.height - scaled.height)];
  return { scaled, window, canvas: { left, top, ...canvas } };
}

function scaleImage(image: ImageSize, resize: ResizeConfig): ImageSize {
  const { width, height, fit } = resize;
  if (fit === 'fill') return { width, height };
  if (resize.longest !== undefined) return stretch(scaleBetween(image, height, resize.longest), resize);
  if (fit === 'height') {
    const free = proportional(image.width, { from: image.height, to: height }, resize);
    return stretch({ width: Math.min(width, free), height }, resize);
  }
  const isWithin = fit === 'contain' || fit === 'inside';
  const isWider = image.width / width > image.height / height;
  const full = isWithin === isWider ? { from: image.width, to: width } : { from: image.height, to: height };
  const kept = resize.enlarge === false && full.to > full.from ? { from: 1, to: 1 } : full;
  const side = (own: number): number => proportional(own, kept, resize);
  return stretch({ width: side(image.width), height: side(image.height) }, resize);
}

/** The shorter side becomes `shortest`, or less if the longer one would exceed `longest`, in the steps of Hugging Face's DETR. */
function scaleBetween({ width, height }: ImageSize, shortest: number, longest: number): ImageSize {
  const [short, long] = width < height ? [width, height] : [height, width];
  const exact = (long / short) * shortest > longest ? (longest * short) / long : shortest;
  const side = Math.max(1, roundToEven(exact));
  const other = side === short ? long : Math.max(1, Math.floor((exact * long) / short));
  return width < height ? { width: side, height: other } : { width: other, height: side };
}

/** A side as another one comes from some pixels to others. The products are whole, so that rounding down makes no pixel less of them. */
function proportional(
  side: number,
  { from, to }: { readonly from: number; readonly to: number },
  { rounding }: Pick<ResizeConfig, 'rounding'>,
): number {
  if (rounding === 'down') return Math.max(1, Math.floor((side * to) / from));
  return Math.max(1, roundToEven(side / (from / to)));
}

/** To the nearest whole number, of two to the even one. */
function roundToEven(value: number): number {
  const below = Math.floor(value);
  const isUp = value - below > 0.5 || (value - below === 0.5 && below % 2 === 1);
  return isUp ? below + 1 : below;
}

/** Both sides to a multiple, the nearest or the one below, at least one of it, where it is reached by stretching. */
function stretch({ width, height }: ImageSize, { multiple, rounding }: ResizeConfig): ImageSize {
  if (multiple?.by !== 'stretch') return { width, height };
  const whole = rounding === 'down' ? Math.floor : Math.round;
  const reach = (side: number): number => Math.max(1, whole(side / multiple.of)) * multiple.of;
  return { width: reach(width), height: reach(height) };
}
