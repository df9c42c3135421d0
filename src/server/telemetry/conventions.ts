import type { Attributes } from '@opentelemetry/api';
import type { BegunRequest, EndedRequest } from './telemetry.js';

/** Methods that HTTP's conventions name; others are one. */
const methods: ReadonlySet<string> = new Set([
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'QUERY',
  'TRACE',
]);

/** Longest text of a client's own in an attribute. */
const longestText = 512;

/** Requests of probes, scrapes, pages and streams, of which no traces are made. */
const quiet = {
  http: /^\/(?:v2\/health\/|metrics$|(?:playground|docs|stream)(?:\/|$)|streams$|$)/,
  grpc: /^\/(?:grpc\.|inference\.GRPCInferenceService\/Server(?:Live|Ready)$)/,
};

/** Whether no trace is made of a request. */
export function isQuiet({ transport, path }: BegunRequest): boolean {
  return quiet[transport].test(path);
}

/** A span's name: of few values, whatever clients send. */
export function nameOf(begun: BegunRequest): string {
  if (begun.transport === 'grpc') return begun.path.slice(1, longestText);
  const method = methods.has(begun.method) ? begun.method : 'HTTP';
  return begun.route === undefined ? method : `${method} ${begun.route}`;
}

/** What of a request stands in durations as well as in its span. */
export function dimensionsOf(begun: BegunRequest): Attributes {
  if (begun.transport === 'grpc') {
    return { 'rpc.system.name': 'grpc', 'rpc.method': begun.path.slice(1, longestText) };
  }
  const { method, scheme, route } = begun;
  return {
    'http.request.method': methods.has(method) ? method : '_OTHER',
    'url.scheme': scheme,
    ...(route === undefined ? {} : { 'http.route': route }),
  };
}

/** What stands in its span alone. */
export function detailsOf(begun: BegunRequest): Attributes {
  const { requestId, path, transport } = begun;
  const url = transport === 'http' ? { 'url.path': path.slice(0, longestText) } : {};
  return { ...url, 'slipway.request.id': requestId };
}

/** How it ended, in durations as well as in its span. */
export function outcomeOf({ transport }: BegunRequest, { status, isFault, errorCode }: EndedRequest): Attributes {
  const name = transport === 'grpc' ? 'rpc.response.status_code' : 'http.response.status_code';
  return { [name]: status, ...(isFault ? { 'error.type': errorCode ?? String(status) } : {}) };
}

/** What its answer was made of, in its span alone. */
export function resultOf({ model, report, errorCode }: EndedRequest): Attributes {
  return {
    ...(model === undefined ? {} : modelAttributes(model)),
    ...(report === undefined ? {} : { 'slipway.batch.rows': report.batchRows }),
    ...(errorCode === undefined ? {} : { 'slipway.error.code': errorCode }),
  };
}

/** The model of a request or a run. */
export function modelAttributes({ name, version }: NonNullable<EndedRequest['model']>): Attributes {
  return { 'slipway.model.name': name, 'slipway.model.version': version };
}
