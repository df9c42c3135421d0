import type { HeaderValue, OnnxHeader } from '../config.js';

/** The one input that may be an image: four dimensions, of which one counts three channels; -1 where a side is open. */
export interface ImageInput {
  readonly input: HeaderValue;
  readonly width: number;
  readonly height: number;
}

/**
 * Finds it; undefined where none or several may be. `isImage`: a file beside the model says that its one input takes images of three
 * channels, as exporters that leave all four dimensions open have it, in the order of PyTorch.
 */
export function findImageInput(
  { inputs }: OnnxHeader,
  { isImage = false }: { readonly isImage?: boolean } = {},
): ImageInput | undefined {
  const found = inputs.flatMap((input) => {
    const [, a, b = -1, c = -1] = input.shape;
    if (input.shape.length !== 4) return [];
    return a === 3 || (isImage && a === -1 && c !== 3)
      ? [{ input, height: b, width: c }]
      : c === 3 && a !== undefined
        ? [{ input, height: a, width: b }]
        : [];
  });
  return found.length === 1 && inputs.length === 1 ? found[0] : undefined;
}

/** In pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The model's own sides where it declares them, else those that were found; with a note where the two differ. */
export function chooseSize(
  { width, height }: ImageInput,
  found: Size | undefined,
  source: string,
): (Size & { readonly notes: readonly string[] }) | undefined {
  const own = {
    width: width === -1 ? (found?.width ?? -1) : width,
    height: height === -1 ? (found?.height ?? -1) : height,
  };
  if (own.width === -1 || own.height === -1) return undefined;
  const differs = found !== undefined && (found.width !== own.width || found.height !== own.height);
  const note = `${source} says ${String(found?.width)}x${String(found?.height)}, but the model takes ${own.width}x${own.height}: that is used.`;
  return { ...own, notes: differs ? [note] : [] };
}
