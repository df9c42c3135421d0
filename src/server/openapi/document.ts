import { operations, type Operation } from './operations.js';
import { ref, schemas } from './schemas.js';

type Part = Readonly<Record<string, unknown>>;

export interface DocumentOptions {
  readonly title: string;
  readonly version: string;
  /** What every path starts with. */
  readonly basePath: string;
  /** Whether clients have to show a key. */
  readonly isGuarded: boolean;
}

/** The OpenAPI 3.1 description of everything the server answers. */
export function buildOpenapi({ title, version, basePath, isGuarded }: DocumentOptions): object {
  const paths: Record<string, Record<string, Part>> = {};
  for (const operation of operations) {
    const path = operation.path.replaceAll(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[operation.method] = describe(operation, isGuarded);
  }
  return {
    openapi: '3.1.0',
    info: { title, version, summary: 'ONNX models over HTTP: the Open Inference Protocol, version 1, and images.' },
    servers: [{ url: basePath === '' ? '/' : basePath }],
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: { schemas, securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
    ...(isGuarded ? { security: [{ key: [] }] } : {}),
  };
}

function describe(operation: Operation, isGuarded: boolean): Part {
  const { id, summary, tag, path, query = [], body, answer } = operation;
  const names = [...path.matchAll(/:(\w+)/g)].map((match) => match[1]);
  const parameters = names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
  const failures = [...operation.failures, ...(isGuarded ? [401] : []), 500].map(
    (status) => [status, refusal(status)] as const,
  );
  return {
    operationId: id,
    summary,
    tags: [tag],
    ...(parameters.length + query.length > 0 ? { parameters: [...parameters, ...query] } : {}),
    ...(body === undefined ? {} : { requestBody: { content: body } }),
    responses: {
      200:
        Object.keys(answer).length > 0 ? { description: 'Done.', content: answer } : { description: 'Done; no body.' },
      ...Object.fromEntries(failures),
    },
  };
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Something in the request is wrong; the text says what.',
  401: 'A key is asked for.',
  404: 'No such model, version or path.',
  413: 'The body is over the limit.',
  415: 'The Content-Encoding is unknown.',
  429: 'The queue is full; see Retry-After.',
  500: 'A fault of the server.',
  503: 'Not ready, shutting down, or waited too long; see Retry-After.',
};

function refusal(status: number): Part {
  return { description: reasons[status] ?? '', content: { 'application/json': { schema: ref('Error') } } };
}
