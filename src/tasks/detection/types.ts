import type { Placement } from '../../image/placement.js';
import type { DetectionConfig } from '../../model/detection-config.js';
import type { NamedTensors } from '../../tensor/tensor.js';

/** What a request wants: least score, most overlap, most detections. */
export interface DetectionOptions {
  readonly score: number;
  /** Boxes that overlap more give way to the better one; undefined: as the model's configuration says. */
  readonly iou: number | undefined;
  readonly max: number;
}

/** One run's outputs with what it takes to read boxes off them. */
export interface DetectionRun {
  readonly outputs: NamedTensors;
  readonly config: DetectionConfig;
  /** Pixels of the input tensor. */
  readonly input: { readonly width: number; readonly height: number };
  /** Where each image lies in its row of the input; one a row. */
  readonly placements: readonly Placement[];
  readonly asked: DetectionOptions;
}

/** The detections of one image, best first. */
export interface DetectedRow {
  /** x0, y0, x1, y1 in pixels of the image, class number, score: six numbers for each. */
  readonly values: Float64Array<ArrayBuffer>;
  /** Boxes that were left out since a score or a coordinate of theirs is no finite number. */
  readonly nonFinite: number;
}

/** Numbers of one detection in `DetectedRow.values`. */
export const fieldsPerDetection = 6;
