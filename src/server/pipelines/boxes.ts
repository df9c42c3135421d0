import { AppError } from '../../errors.js';
import type { CropConfig } from '../../model/pipeline/pipeline-json.js';
import type { StepAnswer } from './types.js';

/** A box of an answer, which takes what later steps say of it. */
export interface FoundBox {
  readonly box: readonly number[];
  readonly entry: Record<string, unknown>;
}

/** The boxes of an answer that are to be cut out, best first, and how many are left out beyond the most. Throws STEP_FAILED where there are none to read. */
export function chooseBoxes(answer: StepAnswer, crop: CropConfig): { boxes: readonly FoundBox[]; leftOut: number } {
  const { detections } = answer;
  if (!Array.isArray(detections)) {
    const had = Object.keys(answer).join(', ') || 'nothing';
    throw new AppError(
      'STEP_FAILED',
      `step '${crop.of}' answers no boxes, but ${had}: expected a model of the task detection`,
    );
  }
  const all = detections.map(readBox).filter(({ entry }) => isWanted(entry, crop.labels));
  return { boxes: all.slice(0, crop.most), leftOut: Math.max(0, all.length - crop.most) };
}

function readBox(entry: unknown): FoundBox {
  const { box, results = {} } = (entry ?? {}) as { readonly box?: unknown; readonly results?: unknown };
  if (!Array.isArray(box) || box.length !== 4 || !box.every((edge) => typeof edge === 'number')) {
    throw new AppError('STEP_FAILED', 'a detection has no "box" of four numbers');
  }
  if (typeof results !== 'object' || results === null || Array.isArray(results)) {
    throw new AppError('STEP_FAILED', 'a detection has "results" that are no object');
  }
  return { box, entry: entry as Record<string, unknown> };
}

/** Classes without a label are called by their number. */
function isWanted({ label, index }: Record<string, unknown>, labels: readonly string[] | undefined): boolean {
  const name = label ?? index;
  return labels === undefined || ((typeof name === 'string' || typeof name === 'number') && labels.includes(`${name}`));
}
