import type { Placement } from '../../../src/image/placement.js';

/** Scores by class, row and column. */
export type Scores = readonly (readonly (readonly number[])[])[];

/**
 * The class of each pixel from the definition, in float64: every class is interpolated at every pixel, without short cuts. Of one
 * class: whether it reaches `least`.
 */
export function classesOf(
  scores: Scores,
  {
    placement,
    input,
    least = 0,
  }: { readonly placement: Placement; readonly input: { width: number; height: number }; readonly least?: number },
): number[] {
  const [height, width] = [scores[0]!.length, scores[0]![0]!.length];
  const classes: number[] = [];
  for (let y = 0; y < placement.imageHeight; y++) {
    for (let x = 0; x < placement.imageWidth; x++) {
      const u = (((x + 0.5) * placement.scaleX + placement.padX) / input.width) * width - 0.5;
      const v = (((y + 0.5) * placement.scaleY + placement.padY) / input.height) * height - 0.5;
      const values = scores.map((rows) => {
        let sum = 0;
        for (let row = 0; row < height; row++) {
          for (let column = 0; column < width; column++) {
            const nearX = Math.max(0, 1 - Math.abs(Math.min(Math.max(u, 0), width - 1) - column));
            const nearY = Math.max(0, 1 - Math.abs(Math.min(Math.max(v, 0), height - 1) - row));
            sum += nearX * nearY * rows[row]![column]!;
          }
        }
        return sum;
      });
      classes.push(values.length === 1 ? Number(values[0]! >= least) : values.indexOf(Math.max(...values)));
    }
  }
  return classes;
}
