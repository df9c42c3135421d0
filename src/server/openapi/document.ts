import type { Operation, Part } from './operation.js';
import { openAiError } from './openai-operations.js';
import { operations } from './operations.js';
import type { BodyKind, ModelExamples } from './examples.js';
import { ref, schemas } from './schemas.js';

/** What the document is written for. */
export interface DocumentOptions {
  readonly title: string;
  readonly version: string;
  /** What every path starts with. */
  readonly basePath: string;
  /** Whether clients have to show a key. */
  readonly isGuarded: boolean;
}

/** What the reader may know. */
export interface DocumentView extends DocumentOptions {
  /** The models that are ready; empty where the reader has to show a key first. */
  readonly models: readonly ModelExamples[];
}

/** A part of a path that is a name; `:predict` at the end of one is a verb. */
const parameter = /\/:(\w+)/g;

const withoutKey = 'Enter a key (Authorize) to see the models and example bodies on this page.';

/** The OpenAPI 3.1 description of everything the server answers: names of the loaded models as choices, and bodies that they answer. */
export function buildOpenapi(view: DocumentView): object {
  const { title, version, basePath, isGuarded, models } = view;
  const paths: Record<string, Record<string, Part>> = {};
  for (const operation of operations) {
    const path = operation.path.replaceAll(parameter, '/{$1}');
    (paths[path] ??= {})[operation.method] = describe(operation, view);
  }
  return {
    openapi: '3.1.0',
    info: {
      title,
      version,
      summary: 'ONNX models over HTTP: the Open Inference Protocol, version 1, and images.',
      ...(isGuarded && models.length === 0 ? { description: withoutKey } : {}),
    },
    servers: [{ url: basePath === '' ? '/' : basePath }],
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: { schemas, ...(isGuarded ? { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } } : {}) },
    ...(isGuarded ? { security: [{ key: [] }] } : {}),
  };
}

function describe(operation: Operation, view: DocumentView): Part {
  const { id, summary, tag, query = [], answer } = operation;
  const parameters = [...pathParameters(operation, view.models), ...query];
  const failures = [...operation.failures, ...(view.isGuarded ? [401] : []), 500].map(
    (status) => [status, refusal(status, tag === 'openai' ? openAiError : ref('Error'))] as const,
  );
  return {
    operationId: id,
    summary,
    tags: [tag],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...describeBody(operation, view),
    responses: {
      200:
        Object.keys(answer).length > 0 ? { description: 'Done.', content: answer } : { description: 'Done; no body.' },
      ...Object.fromEntries(failures),
    },
  };
}

/** Parts of the path: of a model's name one of those that are ready, first one that the operation has an example of. */
function pathParameters({ path, examples }: Operation, models: readonly ModelExamples[]): readonly Part[] {
  const [first = models[0]] = examples === undefined ? [] : havingExample(models, examples);
  const choices: Readonly<Record<string, Part>> =
    first === undefined || path.startsWith('/v2/repository')
      ? {}
      : {
          model: { enum: models.map(({ name }) => name), default: first.name },
          version: { default: first.versions[0] },
        };
  const names = [...path.matchAll(parameter)].map((match) => match[1] ?? '');
  return names.map((name) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', ...choices[name] },
  }));
}

/** A body is named after its model. One that is too long for a page stands at an address of its own. */
function describeBody({ body, examples: kind }: Operation, { models, basePath }: DocumentView): Part {
  if (body === undefined) return {};
  const examples = kind === undefined ? [] : havingExample(models, kind);
  if (kind === undefined || examples.length === 0) return { requestBody: { content: body } };
  const entries = examples.map(({ name, [kind]: value }) => {
    const long = { externalValue: `${basePath}/docs/examples/${encodeURIComponent(name)}` };
    return [name, { summary: name, ...(value === 'large' ? long : { value }) }] as const;
  });
  const json = { ...(body['application/json'] as Part), examples: Object.fromEntries(entries) };
  return { requestBody: { content: { ...body, 'application/json': json } } };
}

/** Models with an example of the kind; those whose body can be read come first, for the first one is shown. */
function havingExample(models: readonly ModelExamples[], kind: BodyKind): readonly ModelExamples[] {
  const having = models.filter((model) => model[kind] !== undefined);
  const isLong = (model: ModelExamples) => Number(model[kind] === 'large');
  return having.toSorted((a, b) => isLong(a) - isLong(b));
}

const reasons: Readonly<Record<number, string>> = {
  400: 'The request is wrong; the error says what.',
  401: 'An API key is needed.',
  404: 'No such model, version or path.',
  413: 'The body is over the limit.',
  415: 'The Content-Encoding is unknown.',
  429: 'The queue is full; see Retry-After.',
  500: 'A fault of the server.',
  503: 'Not ready, shutting down, or waited too long; see Retry-After.',
};

function refusal(status: number, schema: Part): Part {
  return { description: reasons[status] ?? '', content: { 'application/json': { schema } } };
}
