import type { Placement } from '../../image/placement.js';
import type { DetectionConfig } from '../../model/tasks/detection-config.js';
import type { NamedTensors } from '../../tensor/tensor.js';
import type { MaskForm } from '../segmentation/types.js';

/** What a request wants: least score, most overlap, most detections. */
export interface DetectionOptions {
  readonly score: number;
  /** Boxes that overlap more give way to the better one; undefined: as the model's configuration says. */
  readonly iou: number | undefined;
  readonly max: number;
  /** How the mask of each object is answered, where the model has any; undefined: not at all. */
  readonly mask?: MaskForm | undefined;
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

/** Where one object lies in the image, pixel by pixel. */
export interface DetectedMask {
  /** Left, top, right and bottom, in whole pixels around its box: what `png` covers. */
  readonly area: readonly [number, number, number, number];
  /** How many pixels are of it. */
  readonly pixels: number;
  /** A PNG in base64 of one bit for each pixel of the area. */
  readonly png?: string;
  /** First pixel and length of each run, row by row over the image, one run after another. */
  readonly runs?: readonly number[];
}

/** The detections of one image, best first. */
export interface DetectedRow {
  /** x0, y0, x1, y1 in pixels of the image, class number, score: six numbers for each. */
  readonly values: Float64Array<ArrayBuffer>;
  /** One for each, where they were asked for. */
  readonly masks?: readonly DetectedMask[];
  /** Boxes that were left out since a score or a coordinate of theirs is no finite number. */
  readonly nonFinite: number;
}

/** Numbers of one detection in `DetectedRow.values`. */
export const fieldsPerDetection = 6;
