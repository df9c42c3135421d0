import type { BodyKind } from './examples.js';

/** A part of an OpenAPI document. */
export type Part = Readonly<Record<string, unknown>>;

/** One method of one path, as the document describes it. Paths are the router's, with `:model` and `:version`. */
export interface Operation {
  readonly method: 'get' | 'post' | 'put';
  readonly path: string;
  readonly tag: 'health' | 'inference' | 'models' | 'openai' | 'repository' | 'server' | 'streams' | 'v1';
  readonly id: string;
  readonly summary: string;
  readonly query?: readonly Part[];
  readonly body?: Part;
  /** The examples that its JSON body has. */
  readonly examples?: BodyKind;
  readonly answer: Part;
  /** Statuses of failures besides 401 and 500. */
  readonly failures: readonly number[];
}

/** Content as JSON. */
export const json = (schema: Part): Part => ({ 'application/json': { schema } });
/** A page of the server. */
export const page: Part = { 'text/html': { schema: { type: 'string' } } };
/** Bytes of any type. */
export const bytes: Part = { schema: { type: 'string', contentMediaType: 'application/octet-stream' } };

type Short = Omit<Operation, 'method' | 'path' | 'id' | 'failures'> & { readonly failures?: readonly number[] };

/** An operation by GET. */
export const get = (path: string, id: string, rest: Short): Operation => ({
  method: 'get',
  path,
  id,
  failures: [503],
  ...rest,
});
/** An operation by POST. */
export const post = (path: string, id: string, rest: Short): Operation => ({
  method: 'post',
  path,
  id,
  failures: [],
  ...rest,
});
