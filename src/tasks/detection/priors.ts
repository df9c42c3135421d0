import type { PriorsConfig } from '../../model/tasks/detection-config.js';
import type { Grid } from './grid.js';

type GridPriors = Extract<PriorsConfig['source'], { kind: 'grid' }>;

/**
 * Square priors of every cell of every stride, as centre and size relative to the input: strides in their order, cells row by row,
 * sizes within a cell. At the right and lower edge a cell may be cut.
 */
export function makePriors(
  { strides, sizes, clip }: GridPriors,
  { width, height }: { readonly width: number; readonly height: number },
): Grid {
  const values: number[] = [];
  strides.forEach((stride, level) => {
    for (let y = 0; y < Math.ceil(height / stride); y++) {
      for (let x = 0; x < Math.ceil(width / stride); x++) {
        for (const size of sizes[level] ?? []) {
          values.push(((x + 0.5) * stride) / width, ((y + 0.5) * stride) / height, size / width, size / height);
        }
      }
    }
  });
  const data = Float64Array.from(values, (value) => (clip ? Math.min(1, value) : value));
  return { data, from: 0, boxes: data.length / 4, fields: 4, boxStep: 4, fieldStep: 1 };
}
