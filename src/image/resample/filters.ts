/** A weight for each distance from the centre, in pixels; 0 from `reach` on. */
export interface Filter {
  readonly reach: number;
  weigh(distance: number): number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** Cubic convolution with the slope `a` at distance 1 (R. Keys, 1981). */
function cubic(a: number): Filter {
  const weigh = (distance: number): number => {
    const x = Math.abs(distance);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
  };
  return { reach: 2, weigh };
}

/** The mean of the pixels that a new one covers. */
export const box: Filter = { reach: 0.5, weigh: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) };
/** Linear interpolation. */
export const triangle: Filter = { reach: 1, weigh: (x) => Math.max(0, 1 - Math.abs(x)) };
/** Pillow's slope is -0.5, OpenCV's -0.75. */
export const pillowCubic = cubic(-0.5);
/** Cubic interpolation with OpenCV's parameter. */
export const openCvCubic = cubic(-0.75);

/** Lanczos's window of so many lobes. */
export const lanczos = (lobes: number): Filter => ({
  reach: lobes,
  weigh: (x) => (x >= -lobes && x < lobes ? sinc(x) * sinc(x / lobes) : 0),
});
