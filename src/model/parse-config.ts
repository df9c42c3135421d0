import * as v from 'valibot';
import { AppError, messageOf } from '../errors.js';
import { modelJsonSchema, type ModelJson } from './config-schema.js';

/**
 * Checks the text of a model.json; an empty object is enough. Throws MODEL_INVALID that names each wrong or unknown key
 * with what was expected there.
 */
export function parseModelJson(text: string): ModelJson {
  const value = parseJson(text);
  if (Array.isArray(value)) throw new AppError('MODEL_INVALID', 'model.json is a list, expected an object.');
  const result = v.safeParse(modelJsonSchema, value);
  const lists = findLists(value, modelJsonSchema);
  if (result.success && lists.length === 0) return result.output;
  const isInList = (issue: Issue) => lists.some(([path]) => v.getDotPath(issue)?.startsWith(`${path}.`));
  const problems = [
    ...lists.map(([path, list]) => `${path} is ${show(list)}, expected an object`),
    ...(result.issues ?? []).filter((issue) => !isInList(issue)).map(describe),
  ];
  throw new AppError('MODEL_INVALID', `model.json is wrong: ${problems.join('; ')}.`);
}

/** Lists in the place of objects, which the schema's library takes for objects, by their paths. */
function findLists(value: unknown, schema: unknown, path = ''): readonly (readonly [path: string, list: unknown])[] {
  const entries = entriesOf(schema);
  if (entries === undefined || typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return [[path, value]];
  const values = value as Readonly<Record<string, unknown>>;
  return Object.entries(entries).flatMap(([key, inner]) =>
    findLists(values[key], inner, path === '' ? key : `${path}.${key}`),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new AppError('MODEL_INVALID', `model.json is not valid JSON: ${messageOf(cause)}.`, { cause });
  }
}

type Issue = v.BaseIssue<unknown>;

function describe(issue: Issue): string {
  const path = v.getDotPath(issue) ?? 'the whole';
  if (issue.type !== 'strict_object') return `${path} is ${show(issue.input)}, expected ${issue.message}`;
  if (issue.input === undefined) return `${path} is missing`;
  if (issue.expected === 'Object') return `${path} is ${show(issue.input)}, expected an object`;
  return `${path} is not a known key, expected one of ${knownKeys(issue).join(', ')}`;
}

/** The keys that the object around an unknown key may have. */
function knownKeys(issue: Issue): readonly string[] {
  let schema: unknown = modelJsonSchema;
  for (const { key } of (issue.path ?? []).slice(0, -1)) schema = entriesOf(schema)?.[String(key)];
  return Object.keys(entriesOf(schema) ?? {}).filter((key) => key !== '$schema');
}

function entriesOf(schema: unknown): Readonly<Record<string, unknown>> | undefined {
  const { entries, wrapped } = schema as { entries?: Readonly<Record<string, unknown>>; wrapped?: unknown };
  return entries ?? (wrapped === undefined ? undefined : entriesOf(wrapped));
}

function show(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
