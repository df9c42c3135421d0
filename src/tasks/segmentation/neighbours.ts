import type { Placement } from '../../image/placement.js';

/** How pixels of an image lie along one side of an output's grid. */
export interface Side {
  readonly scale: number;
  readonly pad: number;
  /** Cells of the output, and pixels of the input that they cover. */
  readonly cells: number;
  readonly side: number;
}

/** The two neighbours of a place along one side, and the weight of the second. */
export interface Between {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly weight: Float64Array;
}

/** Scale and pad of one axis of a placement. */
export const along = (placement: Placement, axis: 'X' | 'Y'): Pick<Side, 'scale' | 'pad'> =>
  axis === 'X' ? { scale: placement.scaleX, pad: placement.padX } : { scale: placement.scaleY, pad: placement.padY };

/** Where the middle of an image's pixel lies, in cells from the output's edge. */
export const placeOf = (pixel: number, { scale, pad, cells, side }: Side): number =>
  (((pixel + 0.5) * scale + pad) * cells) / side;

/** Between the middles of which cells the middles of `pixels` pixels from `first` on lie; held at the edges. */
export function neighbours([first, pixels]: readonly [first: number, pixels: number], of: Side): Between {
  const [low, high, weight] = [new Int32Array(pixels), new Int32Array(pixels), new Float64Array(pixels)];
  for (let pixel = 0; pixel < pixels; pixel++) {
    const place = Math.min(Math.max(placeOf(first + pixel, of) - 0.5, 0), of.cells - 1);
    const below = Math.floor(place);
    low[pixel] = below;
    high[pixel] = Math.min(below + 1, of.cells - 1);
    weight[pixel] = place - below;
  }
  return { low, high, weight };
}
