import { AppError } from '../../errors.js';
import type { ModelConfig } from '../../model/config.js';
import { mostDetections } from '../../model/tasks/detection-config.js';
import type { DetectionOptions } from '../../tasks/detection/types.js';
import type { MaskForm } from '../../tasks/segmentation/types.js';

/**
 * What a request may ask of its answer: `top` of a classifier, `similarity` (1: yes) of an embedding, `mask` (its place in `maskForms`) of a segmentation, `preview` (1: yes) of what
 * takes images, the others of a detector.
 */
export type PredictionOptions = Readonly<Partial<Record<OptionName, number>>>;

/** How masks may be answered; the first unless a request says otherwise. */
export const maskForms: readonly MaskForm[] = ['png', 'runs', 'none'];

const isPart = (value: number) => value >= 0 && value <= 1;
const part = { fits: isPart, expected: 'a number from 0 to 1' };
const yesOrNo = { fits: (value: number) => value === 0 || value === 1, expected: 'true or false' };
const rules = {
  top: {
    task: 'classification',
    fits: (value: number) => Number.isSafeInteger(value) && value >= 1,
    expected: 'a whole number of 1 or more',
  },
  score: { task: 'detection', ...part },
  iou: { task: 'detection', ...part },
  max: {
    task: 'detection',
    fits: (value: number) => Number.isSafeInteger(value) && value >= 1 && value <= mostDetections,
    expected: `a whole number from 1 to ${mostDetections}`,
  },
  mask: { task: 'segmentation', fits: (value: number) => value in maskForms, expected: 'png, runs or none' },
  similarity: { task: 'embedding', ...yesOrNo },
  preview: { task: 'image', ...yesOrNo },
} as const;

/** The options of `POST /predictions`. */
export type OptionName = keyof typeof rules;

/** In the order in which they are told. */
export const optionNames = Object.keys(rules) as readonly OptionName[];

/** Whether a name is that of an option. */
export const isOption = (name: string): name is OptionName => Object.hasOwn(rules, name);

/** Options from a query, a form or JSON, in texts or numbers. Throws INVALID_INPUT. */
export function parseOptions(given: Readonly<Partial<Record<OptionName, unknown>>>): PredictionOptions {
  const asked: Partial<Record<OptionName, number>> = {};
  for (const name of optionNames) {
    const text = given[name];
    if (text === undefined) continue;
    const value =
      name === 'mask' ? maskForms.indexOf(text as MaskForm) : typeof text === 'number' ? text : toNumber(text);
    const { fits, expected } = rules[name];
    if (!fits(value)) {
      throw new AppError('INVALID_INPUT', `'${name}' is ${JSON.stringify(text)}: expected ${expected}`);
    }
    asked[name] = value;
  }
  return asked;
}

/** A yes or no of a query; no where it is left out. Throws INVALID_INPUT. */
export function parseSwitch(name: string, text: unknown): boolean {
  const value = text === undefined ? 0 : toNumber(text);
  if (yesOrNo.fits(value)) return value === 1;
  throw new AppError('INVALID_INPUT', `'${name}' is ${JSON.stringify(text)}: expected ${yesOrNo.expected}`);
}

function toNumber(text: unknown): number {
  if (text === true || text === 'true') return 1;
  if (text === false || text === 'false') return 0;
  return typeof text === 'string' && /^\d{0,9}(\.\d{1,17})?(e-?\d{1,2})?$/i.test(text) && text !== ''
    ? Number(text)
    : NaN;
}

/** Throws INVALID_INPUT for an option that means nothing to the model's task. */
export function checkOptions(
  asked: PredictionOptions,
  model: { readonly name: string; readonly config: ModelConfig },
): void {
  for (const name of optionNames) {
    const { task } = rules[name];
    if (asked[name] === undefined || model.config[task] !== undefined) continue;
    if (name === 'mask' && model.config.detection?.masks !== undefined) continue;
    throw new AppError(
      'INVALID_INPUT',
      `'${name}' is for models ${task === 'image' ? 'that take images' : `of the task ${task}`}, and model '${model.name}' has no "${task}" in its model.json`,
    );
  }
}

/** What is asked of a detector, with its own values where the request leaves them out. */
export function detectionOptions(
  { score, iou, max, mask }: PredictionOptions,
  { detection }: ModelConfig,
): DetectionOptions {
  const wish = detection?.masks === undefined ? undefined : maskForms[mask ?? 0];
  return { score: score ?? detection?.score ?? 0, iou, max: max ?? detection?.max ?? mostDetections, mask: wish };
}
