/** How a detector lays its boxes out; docs/detection.md draws each. */
export type DetectionForm = 'yolov5' | 'yolov8' | 'rt-detr' | 'end-to-end' | 'ssd' | 'detr' | 'two-stage';

/** The four numbers of a box: corners, or centre and size. */
export type BoxCoordinates = 'xyxy' | 'yxyx' | 'cxcywh' | 'xywh';

/** Which class of a score table stands for "nothing here". */
export type Background = 'first' | 'last' | 'none';

/** Outputs by what they hold; a form with one table of all has only `boxes`. */
export interface DetectionOutputs {
  readonly boxes: string;
  readonly scores?: string;
  readonly classes?: string;
}

/** Where boxes are offsets from priors (anchors): by an output of the model, or square ones on a grid for each stride. */
export interface PriorsConfig {
  readonly source:
    | { readonly kind: 'output'; readonly name: string }
    | {
        readonly kind: 'grid';
        /** Pixels between the cells of each grid. */
        readonly strides: readonly number[];
        /** Sides in pixels of the priors of a cell, for each grid. */
        readonly sizes: readonly (readonly number[])[];
        /** Cut what goes beyond 1, relative to the input. */
        readonly clip: boolean;
      };
  /** Factors on the offsets of centre and size. */
  readonly variances: readonly [centre: number, size: number];
}

/** From outputs to boxes with labels. */
export interface DetectionConfig {
  readonly form: DetectionForm;
  readonly outputs: DetectionOutputs;
  /** The input whose size boxes refer to, and how it lies. */
  readonly input: { readonly name: string; readonly layout: 'NCHW' | 'NHWC' };
  readonly coordinates: BoxCoordinates;
  /** Of the input: its pixels, or parts of its width and height. */
  readonly units: 'pixels' | 'relative';
  readonly activation: 'softmax' | 'sigmoid' | 'none';
  readonly background: Background;
  /** Whether a box stands for its best class alone, or for each one that reaches the score. */
  readonly perBox: 'best' | 'all';
  /** Among which boxes the lower score gives way: those of one class, all, or none. */
  readonly suppress: 'class' | 'all' | 'none';
  readonly priors?: PriorsConfig;
  /** The output of prototypes [N,M,h,w] that each box has coefficients for, and M where the file says it. */
  readonly masks?: { readonly output: string; readonly count: number | undefined };
  /** A file in the model's folder, one label per line, or the labels themselves. */
  readonly labels?: string | readonly string[];
  /** Least score of a detection, unless the request says otherwise. */
  readonly score: number;
  /** Overlap (intersection over union) beyond which the lower score gives way. */
  readonly iou: number;
  /** Most detections in an answer. */
  readonly max: number;
}

/** Most detections that may be asked for. */
export const mostDetections = 10_000;

/** Classes of the score output, the background included; undefined where its shape does not tell. */
export function countClasses(
  { form, masks }: Pick<DetectionConfig, 'form' | 'masks'>,
  shape: readonly number[],
): number | undefined {
  if (form === 'end-to-end' || form === 'two-stage') return undefined;
  const fields = shape.at(form === 'yolov8' ? -2 : -1) ?? -1;
  const coefficients = masks === undefined ? 0 : masks.count;
  if (fields === -1 || coefficients === undefined) return undefined;
  return fields - coefficients - fieldsBeforeClasses[form];
}

/** Numbers of a box, and where it has one its objectness, in one table with its classes. */
const fieldsBeforeClasses = { yolov5: 5, yolov8: 4, 'rt-detr': 4, ssd: 0, detr: 0 } as const;
