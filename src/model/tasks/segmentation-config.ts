/** Scores of each class at each place, or the class number of each place. */
export type SegmentationForm = 'scores' | 'classes';

/** From an output to a class for each pixel. */
export interface SegmentationConfig {
  readonly form: SegmentationForm;
  readonly output: string;
  /** The input whose pixels the output covers, and how it lies. */
  readonly input: { readonly name: string; readonly layout: 'NCHW' | 'NHWC' };
  /** The input takes one image without a dimension for rows; the output may then lack it too. */
  readonly isSingle?: true;
  /** Where the classes of the output stand. */
  readonly layout: 'NCHW' | 'NHWC';
  /** What a lone channel holds, which is the score of one class against nothing: a logit or a probability. */
  readonly activation: 'sigmoid' | 'none';
  /** From which probability on a lone channel counts as its class. */
  readonly threshold: number;
  /** A file in the model's folder, one label per line, or the labels themselves. */
  readonly labels?: string | readonly string[];
}

/** The shape of an output with a dimension for rows. */
export function withRows(
  { isSingle }: Pick<SegmentationConfig, 'isSingle'>,
  shape: readonly number[],
): readonly number[] {
  return isSingle === true && shape.length < 4 ? [1, ...shape] : shape;
}

/** Classes of an output; undefined where its shape does not tell. A lone channel is a class against nothing. */
export function countSegments(
  config: Pick<SegmentationConfig, 'form' | 'layout' | 'isSingle'>,
  ownShape: readonly number[],
): number | undefined {
  const { form, layout } = config;
  const shape = withRows(config, ownShape);
  if (form === 'classes' || shape.length !== 4) return undefined;
  const channels = layout === 'NCHW' ? shape[1] : shape[3];
  if (channels === undefined || channels === -1) return undefined;
  return channels === 1 ? 2 : channels;
}
