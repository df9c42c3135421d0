import { omitUndefined } from '../../omit-undefined.js';
import type { ModelJson } from '../config-schema.js';
import type { HeaderValue, OnnxHeader } from '../config.js';
import { contradiction, describeValue, findValue } from './contradiction.js';
import type { DetectionForm, DetectionOutputs } from '../tasks/detection-config.js';

type DetectionJson = NonNullable<ModelJson['detection']>;
type Role = 'output' | 'boxes' | 'scores' | 'classes';

/** What an output of a role looks like, how it is called where several look so, and what is said where none does. */
interface Rule {
  readonly fits: (output: HeaderValue) => boolean;
  readonly called: RegExp;
  readonly expected: string;
}

const isOpen = (dim: number | undefined, atLeast: number) => dim !== undefined && (dim === -1 || dim >= atLeast);
const isNumber = ({ datatype }: HeaderValue) => datatype !== 'BYTES' && datatype !== 'BOOL';
const isFloat = ({ datatype }: HeaderValue) => datatype.startsWith('FP') || datatype === 'BF16';
const isRank = (output: HeaderValue, ...ranks: readonly number[]) =>
  isNumber(output) && (output.unranked === true || ranks.includes(output.shape.length));

function table(axis: number, fits: (dim: number | undefined) => boolean, expected: string): Rule {
  const hasFields = ({ unranked, shape }: HeaderValue) => unranked === true || fits(shape.at(axis));
  return { fits: (output) => isRank(output, 3) && hasFields(output), called: /^(output0?|detections?)$/i, expected };
}

const fields: Rule = {
  fits: (output) => isFloat(output) && isRank(output, 2, 3) && (output.unranked === true || is4(output)),
  called: /box/i,
  expected: 'boxes [N,K,4] or [K,4]',
};
const is4 = ({ shape }: HeaderValue) => shape.at(-1) === 4 || shape.at(-1) === -1;
const classScores: Rule = {
  fits: (output) => isFloat(output) && isRank(output, 2, 3),
  called: /score|logit|conf|prob/i,
  expected: 'class scores [N,K,C] or [K,C]',
};
const listed = (called: RegExp, expected: string): Rule => ({ fits: (o) => isRank(o, 1, 2), called, expected });

/** In the order in which they are looked for: an output has one role. */
const rules: Readonly<Record<DetectionForm, Partial<Record<Role, Rule>>>> = {
  yolov5: { output: table(-1, (dim) => isOpen(dim, 6), 'a table [N,boxes,5+C]') },
  yolov8: { output: table(1, (dim) => isOpen(dim, 5), 'a table [N,4+C,boxes]') },
  'rt-detr': { output: table(-1, (dim) => isOpen(dim, 5), 'a table [N,boxes,4+C]') },
  'end-to-end': { output: table(-1, (dim) => dim === 6 || dim === -1, 'a table [N,K,6]') },
  ssd: { boxes: fields, scores: classScores },
  detr: { boxes: fields, scores: classScores },
  'two-stage': {
    boxes: fields,
    scores: { ...listed(/score|conf|prob/i, 'scores [N,K] or [K]'), fits: (o) => isFloat(o) && isRank(o, 1, 2) },
    classes: listed(/label|class/i, 'class numbers [N,K] or [K]'),
  },
};

/** Six fields, and a coefficient for each prototype. */
const finishedWithMasks = { output: table(-1, (dim) => isOpen(dim, 7), 'a table [N,K,6+M]') };

/** The outputs of a form: those that model.json names, else those that alone look like it. Throws MODEL_INVALID. */
export function findOutputs(json: DetectionJson, { outputs }: OnnxHeader): DetectionOutputs {
  const own = json.form === 'end-to-end' && json.masks !== undefined ? finishedWithMasks : rules[json.form];
  const roles = Object.entries(own) as readonly (readonly [Role, Rule])[];
  for (const role of ['output', 'boxes', 'scores', 'classes'] as const) {
    if (json[role] === undefined || role in rules[json.form]) continue;
    throw contradiction(
      `detection.${role} has no meaning in the form "${json.form}"`,
      `Expected ${roles.map(([name]) => `detection.${name}`).join(', ')}`,
    );
  }
  const named = new Set(roles.map(([role]) => json[role]));
  const found: Partial<Record<Role, string>> = {};
  for (const [role, rule] of roles) {
    const free = outputs.filter(({ name }) => !named.has(name) && !Object.values(found).includes(name));
    found[role] = findOutput(role, rule, { json, outputs, free }).name;
  }
  const { output, boxes = output ?? '', scores, classes } = found;
  return { boxes, ...omitUndefined({ scores, classes }) };
}

function findOutput(
  role: Role,
  rule: Rule,
  of: { readonly json: DetectionJson; readonly outputs: readonly HeaderValue[]; readonly free: readonly HeaderValue[] },
): HeaderValue {
  const { json, outputs, free } = of;
  if (json[role] !== undefined) {
    const output = findValue(outputs, `detection.${role}`, json[role]);
    if (rule.fits(output)) return output;
    throw contradiction(
      `detection.${role} names ${describeValue('output', output)}`,
      `The form "${json.form}" has ${rule.expected} there`,
    );
  }
  const fitting = free.filter(rule.fits);
  const [only, another] = fitting.length > 1 ? fitting.filter(({ name }) => rule.called.test(name)) : fitting;
  if (only !== undefined && another === undefined) return only;
  const all = outputs.map((output) => describeValue('output', output)).join(', ');
  throw contradiction(
    `detection.${role} is missing, and ${fitting.length === 0 ? 'no output looks' : 'several outputs look'} like ${rule.expected}`,
    `Name it in detection.${role}: the model has ${all}`,
  );
}
