import * as v from 'valibot';
import { AppError, messageOf } from '../errors.js';
import { modelJsonSchema, type ModelJson } from './config-schema.js';

/**
 * Checks the text of a model.json; an empty object is enough. Throws MODEL_INVALID that names each wrong or unknown key
 * with what was expected there.
 */
export function parseModelJson(text: string): ModelJson {
  return parseStrictly(text, 'model.json', modelJsonSchema);
}

/** Checks the text of a file by a schema whose objects are strict. Throws MODEL_INVALID that names each wrong or unknown key. */
export function parseStrictly<const S extends v.GenericSchema>(
  text: string,
  file: string,
  schema: S,
): v.InferOutput<S> {
  const value = parseJson(text, file);
  if (Array.isArray(value)) throw new AppError('MODEL_INVALID', `${file} is a list, expected an object.`);
  const result = v.safeParse(schema, value);
  const lists = findLists(value, schema);
  if (result.success && lists.length === 0) return result.output;
  const isInList = (issue: Issue) => lists.some(([path]) => v.getDotPath(issue)?.startsWith(`${path}.`));
  const problems = [
    ...lists.map(([path, list]) => `${path} is ${show(list)}, expected an object`),
    ...(result.issues ?? []).filter((issue) => !isInList(issue)).map((issue) => describe(issue, schema)),
  ];
  throw new AppError('MODEL_INVALID', `${file} is wrong: ${problems.join('; ')}.`);
}

/** Lists in the place of objects, which the schema's library takes for objects, by their paths. */
function findLists(value: unknown, schema: unknown, path = ''): readonly (readonly [path: string, list: unknown])[] {
  const item = itemOf(schema);
  if (item !== undefined && Array.isArray(value)) {
    return value.flatMap((one, n) => findLists(one, item, `${path}.${n}`));
  }
  const entries = entriesOf(schema);
  if (entries === undefined || typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return [[path, value]];
  const values = value as Readonly<Record<string, unknown>>;
  return Object.entries(entries).flatMap(([key, inner]) =>
    findLists(values[key], inner, path === '' ? key : `${path}.${key}`),
  );
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new AppError('MODEL_INVALID', `${file} is not valid JSON: ${messageOf(cause)}.`, { cause });
  }
}

type Issue = v.BaseIssue<unknown>;

function describe(issue: Issue, schema: unknown): string {
  const path = v.getDotPath(issue) ?? 'the whole';
  if (issue.type !== 'strict_object') return `${path} is ${show(issue.input)}, expected ${issue.message}`;
  if (issue.input === undefined) return `${path} is missing`;
  if (issue.expected === 'Object') return `${path} is ${show(issue.input)}, expected an object`;
  return `${path} is not a known key, expected one of ${knownKeys(issue, schema).join(', ')}`;
}

/** The keys that the object around an unknown key may have. */
function knownKeys(issue: Issue, whole: unknown): readonly string[] {
  let schema: unknown = whole;
  for (const { key } of (issue.path ?? []).slice(0, -1)) schema = entriesOf(schema)?.[String(key)] ?? itemOf(schema);
  return Object.keys(entriesOf(schema) ?? {}).filter((key) => key !== '$schema');
}

function entriesOf(schema: unknown): Readonly<Record<string, unknown>> | undefined {
  const { entries, wrapped } = schema as { entries?: Readonly<Record<string, unknown>>; wrapped?: unknown };
  return entries ?? (wrapped === undefined ? undefined : entriesOf(wrapped));
}

/** What each element of a list is, where the schema is one of lists. */
function itemOf(schema: unknown): unknown {
  const { item, wrapped } = schema as { item?: unknown; wrapped?: unknown };
  return item ?? (wrapped === undefined ? undefined : itemOf(wrapped));
}

function show(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
