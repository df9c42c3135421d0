import type { Placement } from '../../image/placement.js';
import type { SegmentationConfig } from '../../model/tasks/segmentation-config.js';
import type { NamedTensors } from '../../tensor/tensor.js';

/** How the class of each pixel is answered: an image of class numbers, runs of pixels for each class, or not at all. */
export type MaskForm = 'png' | 'runs' | 'none';

/** One run's output with what it takes to read masks off it. */
export interface SegmentationRun {
  readonly outputs: NamedTensors;
  readonly config: SegmentationConfig;
  /** Pixels of the input tensor. */
  readonly input: { readonly width: number; readonly height: number };
  /** Where each image lies in its row of the input; one a row. */
  readonly placements: readonly Placement[];
  readonly mask: MaskForm;
}

/** The class number of each pixel of an image, row by row. */
export interface ClassMap {
  readonly width: number;
  readonly height: number;
  readonly classes: Uint16Array<ArrayBuffer>;
}

/** What one image holds. */
export interface SegmentedRow {
  readonly width: number;
  readonly height: number;
  /** Classes of the output; undefined where it answers class numbers. */
  readonly of: number | undefined;
  /** Those that occur, by number. */
  readonly found: readonly SegmentedClass[];
  /** The mask as a PNG in base64, whose palette indices are the class numbers. */
  readonly png?: string;
}

/** A class in an image, and the pixels that it has. */
export interface SegmentedClass {
  readonly index: number;
  readonly pixels: number;
  /** First pixel and length of each run, row by row over the image, one run after another. */
  readonly runs?: readonly number[];
}
