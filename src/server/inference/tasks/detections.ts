import type { InferResult } from '../../../batching/types.js';
import type { ImageSize } from '../../../image/fit.js';
import { placeImage, type Placement } from '../../../image/placement.js';
import type { ModelConfig } from '../../../model/config.js';
import type { DetectionConfig } from '../../../model/tasks/detection-config.js';
import type { ServableModel } from '../../../repository/types.js';
import { labelsFor } from '../../../tasks/detection/labels.js';
import {
  fieldsPerDetection,
  type DetectedMask,
  type DetectedRow,
  type DetectionRun,
  type DetectionOptions,
} from '../../../tasks/detection/types.js';
import type { NamedTensors, Tensor } from '../../../tensor/tensor.js';
import type { Codec } from '../../codec/codec.js';

/** A run's input and where its images lie in it. */
export type Frame = Pick<DetectionRun, 'input' | 'placements'>;

/** Where the images of a run's inputs lie; without sizes each row is an image itself. */
export function frameOf(
  inputs: ReadonlyMap<string, Pick<Tensor, 'shape'>>,
  config: ModelConfig,
  sizes?: readonly ImageSize[],
): Frame | undefined {
  const { image } = config;
  const pixels = (config.detection ?? config.segmentation)?.input;
  const shape = pixels === undefined ? undefined : inputs.get(pixels.name)?.shape;
  if (pixels === undefined || (shape?.length !== 4 && shape?.length !== 3)) return undefined;
  const [a = 0, b = 0, c = 0] = shape.slice(-3);
  const rows = shape.length === 3 ? 1 : (shape[0] ?? 0);
  const [height, width] = pixels.layout === 'NCHW' ? [b, c] : [a, b];
  const whole: Placement = { scaleX: 1, scaleY: 1, padX: 0, padY: 0, imageWidth: width, imageHeight: height };
  const placements =
    image === undefined || sizes === undefined
      ? Array.from({ length: rows }, () => whole)
      : sizes.map((size) => placeImage(size, image));
  return { input: { width, height }, placements };
}

/** The detections of all images as JSON, a text each, and how many boxes were left out for numbers that are none. */
export interface WrittenDetections {
  readonly texts: readonly string[];
  readonly nonFinite: number;
}

/** One run with its frame. */
export interface FramedResult {
  readonly result: InferResult;
  readonly frame: Frame;
}

/** Reads the detections of several runs. `isKept`: their outputs are read afterwards. Throws MODEL_INVALID. */
export async function writeDetections(
  codec: Codec,
  model: ServableModel,
  of: { readonly runs: readonly FramedResult[]; readonly asked: DetectionOptions; readonly isKept: boolean },
): Promise<WrittenDetections> {
  const { detection: config } = model.config;
  if (config === undefined) return { texts: [], nonFinite: 0 };
  const written = of.runs.map(async ({ result, frame }) => {
    const outputs = ownOutputs(result.outputs, model.config);
    const labelOf = labelsFor(config, model.labels, outputs);
    const isOwned = result.batchRequests === 1 && !of.isKept;
    const rows = await codec.detect({ model: model.name, outputs, config, ...frame, asked: of.asked }, isOwned);
    return rows.map((row) => ({ text: formatRow(row, labelOf), nonFinite: row.nonFinite }));
  });
  const all = (await Promise.all(written)).flat();
  return {
    texts: all.map(({ text }) => text),
    nonFinite: all.reduce((sum, { nonFinite }) => sum + nonFinite, 0),
  };
}

/** Names of the outputs that a detector is read from. */
export function detectionOutputs({ outputs, priors, masks }: DetectionConfig): ReadonlySet<string> {
  const { boxes, scores = boxes, classes = boxes } = outputs;
  const more = [...(priors?.source.kind === 'output' ? [priors.source.name] : []), ...(masks ? [masks.output] : [])];
  return new Set([boxes, scores, classes, ...more]);
}

function ownOutputs(outputs: NamedTensors, { detection }: ModelConfig): NamedTensors {
  const names = detection === undefined ? new Set<string>() : detectionOutputs(detection);
  return names.size === outputs.size ? outputs : new Map([...outputs].filter(([name]) => names.has(name)));
}

/** Ten thousandths of a pixel: what FP32 holds of a coordinate. */
const perPixel = 10_000;

function formatRow({ values, masks }: DetectedRow, labelOf: (index: number) => string | undefined): string {
  const entries: string[] = [];
  for (let at = 0; at < values.length; at += fieldsPerDetection) {
    const box = Array.from(values.subarray(at, at + 4), (value) => Math.round(value * perPixel) / perPixel);
    const [index = 0, score = 0] = values.subarray(at + 4, at + fieldsPerDetection);
    const label = labelOf(index);
    const named = label === undefined ? '' : `"label":${JSON.stringify(label)},`;
    const mask = formatMask(masks?.[at / fieldsPerDetection]);
    entries.push(`{"box":[${box.join(',')}],${named}"index":${index},"score":${score}${mask}}`);
  }
  return `[${entries.join(',')}]`;
}

/** The mask of one object as members of it. */
function formatMask(mask: DetectedMask | undefined): string {
  if (mask === undefined) return '';
  const { area, pixels, png, runs } = mask;
  const form = runs === undefined ? `"area":[${area.join(',')}],"mask":"${png ?? ''}"` : `"runs":[${runs.join(',')}]`;
  return `,"pixels":${pixels},${form}`;
}
