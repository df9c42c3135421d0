import * as v from 'valibot';
import { AppError } from '../../errors.js';
import { integer, text } from '../config-schema.js';
import { parseStrictly } from '../parse-config.js';

/* The schema of pipeline.json, as strict as that of model.json. */

const name = v.pipe(
  v.string('a text'),
  v.regex(/^[a-zA-Z][\w-]{0,63}$/, 'a name of letters, digits, _ and -, with a letter first'),
);
const number = (min: number, max: number) => {
  const expected = `a number from ${min} to ${max}`;
  return v.pipe(v.number(expected), v.minValue(min, expected), v.maxValue(max, expected));
};

const crop = v.strictObject({
  of: name,
  labels: v.optional(v.array(text, 'a list of labels')),
  margin: v.optional(number(0, 10)),
  square: v.optional(v.boolean('true or false')),
  most: v.optional(integer(1, 256)),
  leastSide: v.optional(integer(1, 16_384)),
});

const step = v.strictObject({
  name,
  model: text,
  version: v.optional(v.pipe(text, v.regex(/^[1-9]\d{0,15}$/, 'the number of a version as text'))),
  url: v.optional(text),
  key: v.optional(
    v.pipe(text, v.regex(/^[A-Z][A-Z0-9_]{0,63}$/, 'a name of capitals, digits and _, never a key itself')),
  ),
  timeoutMs: v.optional(integer(1, 600_000)),
  crop: v.optional(crop),
  options: v.optional(
    v.strictObject({
      top: v.optional(integer(1, 1_000_000)),
      score: v.optional(number(0, 1)),
      iou: v.optional(number(0, 1)),
      max: v.optional(integer(1, 10_000)),
    }),
  ),
});

const expectedSteps = 'a list of 1 to 32 steps';
/** The schema of what pipeline.json holds. */
export const pipelineJsonSchema = v.strictObject(
  {
    $schema: v.optional(text),
    description: v.optional(text),
    steps: v.pipe(v.array(step, expectedSteps), v.minLength(1, expectedSteps), v.maxLength(32, expectedSteps)),
  },
  'an object',
);

/** What is cut out of an image for a step. */
export interface CropConfig {
  /** The step whose boxes are cut out, an earlier one. */
  readonly of: string;
  /** Only boxes of these labels; undefined: all. */
  readonly labels: readonly string[] | undefined;
  /** What is added on each side, in parts of the box's side. */
  readonly margin: number;
  /** Whether the shorter side is widened to the longer one. */
  readonly square: boolean;
  /** Most boxes of an image, the best ones. */
  readonly most: number;
  /** Boxes with a shorter side, in pixels, are left out. */
  readonly leastSide: number;
}

/** What a step asks of its model's answer. */
export type StepOptions = Readonly<Partial<Record<'top' | 'score' | 'iou' | 'max', number>>>;

/** One model of a pipeline. */
export interface StepConfig {
  readonly name: string;
  readonly model: string;
  readonly version: string | undefined;
  /** Another server, without a slash at the end; undefined: this one. */
  readonly url: string | undefined;
  /** Which of the operator's keys is shown there. */
  readonly key: string | undefined;
  /** Longest time of one call to another server. */
  readonly timeoutMs: number;
  /** Undefined: the step sees the whole image. */
  readonly crop: CropConfig | undefined;
  readonly options: StepOptions;
}

/** pipeline.json with every default filled in. */
export interface PipelineConfig {
  readonly description: string;
  readonly steps: readonly StepConfig[];
}

/** Checks the text of a pipeline.json. Throws MODEL_INVALID that names each wrong key or step. */
export function parsePipeline(source: string): PipelineConfig {
  const { description = '', steps } = parseStrictly(source, 'pipeline.json', pipelineJsonSchema);
  const complete = steps.map((json) => completeStep(json));
  for (const [n, { name: own, crop: cut }] of complete.entries()) {
    const before = complete.slice(0, n).map((one) => one.name);
    if (before.includes(own)) fail(`steps has '${own}' twice, expected each name once`);
    if (cut !== undefined && !before.includes(cut.of)) {
      const known = before.length === 0 ? 'there is none before it' : `expected one of ${before.join(', ')}`;
      fail(`step '${own}' cuts out boxes of '${cut.of}', which is not an earlier step: ${known}`);
    }
  }
  return { description, steps: complete };
}

const defaults = { timeoutMs: 30_000, margin: 0, most: 32, leastSide: 1 } as const;

function completeStep({
  name: own,
  model,
  version,
  url,
  key,
  timeoutMs,
  crop: cut,
  options = {},
}: StepJson): StepConfig {
  if (url === undefined && (key !== undefined || timeoutMs !== undefined)) {
    fail(
      `step '${own}' has "${key === undefined ? 'timeoutMs' : 'key'}" without "url", expected it with another server`,
    );
  }
  return {
    name: own,
    model,
    version,
    url: url === undefined ? undefined : checkUrl(own, url),
    key,
    timeoutMs: timeoutMs ?? defaults.timeoutMs,
    crop: cut && {
      of: cut.of,
      labels: cut.labels,
      margin: cut.margin ?? defaults.margin,
      square: cut.square ?? false,
      most: cut.most ?? defaults.most,
      leastSide: cut.leastSide ?? defaults.leastSide,
    },
    options: Object.fromEntries(Object.entries(options)),
  };
}

type StepJson = v.InferOutput<typeof step>;

function checkUrl(own: string, url: string): string {
  const expected = 'expected the address of a server such as "http://faces:8000", without user, password, query and #';
  if (!URL.canParse(url)) return fail(`step '${own}' has the url ${JSON.stringify(url)}: ${expected}`);
  const { protocol, username, password, search, hash, origin, pathname } = new URL(url);
  const isPlain = [username, password, search, hash].every((part) => part === '') && !/[?#]/.test(url);
  // What is refused may hold a password: it is not shown.
  if (!isPlain || !/^https?:$/.test(protocol)) return fail(`step '${own}' has an invalid url: ${expected}`);
  // By a pattern, runs of slashes within it would take the square of their length.
  const pathLength = Array.from(pathname).findLastIndex((character) => character !== '/') + 1;
  return `${origin}${pathname.slice(0, pathLength)}`;
}

function fail(problem: string): never {
  throw new AppError('MODEL_INVALID', `pipeline.json is wrong: ${problem}.`);
}
