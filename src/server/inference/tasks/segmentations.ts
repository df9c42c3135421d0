import type { ServableModel } from '../../../repository/types.js';
import type { MaskForm, SegmentedRow } from '../../../tasks/segmentation/types.js';
import type { Codec } from '../../codec/codec.js';
import type { FramedResult } from './detections.js';

/** The segmentations of all images as JSON, a text each. `isKept`: the outputs are read afterwards. Throws MODEL_INVALID. */
export async function writeSegmentations(
  codec: Codec,
  model: ServableModel,
  of: { readonly runs: readonly FramedResult[]; readonly mask: MaskForm; readonly isKept: boolean },
): Promise<readonly string[]> {
  const { segmentation: config } = model.config;
  if (config === undefined) return [];
  const written = of.runs.map(async ({ result, frame }) => {
    const own = result.outputs.get(config.output);
    const outputs = new Map(own === undefined ? [] : [[config.output, own]]);
    const isOwned = result.batchRequests === 1 && !of.isKept;
    const rows = await codec.segment({ model: model.name, outputs, config, ...frame, mask: of.mask }, isOwned);
    return rows.map((row) => formatRow(row, model.labels));
  });
  return (await Promise.all(written)).flat();
}

/** Parts in millionths: a pixel of a megapixel. */
const shareOf = (pixels: number, { width, height }: SegmentedRow): number =>
  Math.round((pixels / (width * height)) * 1e6) / 1e6;

function formatRow(row: SegmentedRow, labels: readonly string[]): string {
  const classes = row.found.map(({ index, pixels, runs }) => {
    const label = labelOf(index, row, labels);
    return {
      ...(label === undefined ? {} : { label }),
      index,
      pixels,
      share: shareOf(pixels, row),
      ...(runs === undefined ? {} : { runs }),
    };
  });
  const { width, height, png } = row;
  return JSON.stringify({ width, height, classes, ...(png === undefined ? {} : { mask: png }) });
}

/** One label for two classes names what stands before nothing. */
function labelOf(index: number, { of }: SegmentedRow, labels: readonly string[]): string | undefined {
  return of === 2 && labels.length === 1 ? labels[index - 1] : labels[index];
}
