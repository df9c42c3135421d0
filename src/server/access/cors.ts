import type { IncomingHttpHeaders } from 'node:http';

/** What pages of an allowed origin may read of an answer beside its body. */
const readable = [
  'inference-header-content-length',
  'x-inference-device',
  'x-request-id',
  'server-timing',
  'retry-after',
  'traceparent',
  'x-error-code',
].join(', ');

/** How long a browser may remember a permission. */
const rememberSeconds = 600;

/** Tells a browser that the page of this origin may read the answer (Fetch standard, CORS protocol); credentials are never asked for. */
export function readableHeaders(origin: string): readonly string[] {
  return ['access-control-allow-origin', origin, 'access-control-expose-headers', readable, 'vary', 'origin'];
}

/**
 * What an OPTIONS request of an allowed origin is answered beside `Allow`: the methods of the path, the headers that were asked for, and,
 * where that was asked for, that a page of the public network may reach this one.
 */
export function preflightHeaders(headers: IncomingHttpHeaders, allow: string): readonly string[] {
  if (headers['access-control-request-method'] === undefined) return [];
  const wanted = headers['access-control-request-headers'] ?? '';
  const names = wanted.split(',').flatMap((name) => /^[\w!#$%&'*+.^`|~-]+$/.exec(name.trim())?.[0] ?? []);
  const isPrivate = headers['access-control-request-private-network'] === 'true';
  return [
    ...['access-control-allow-methods', allow, 'access-control-max-age', String(rememberSeconds)],
    ...(names.length === 0 ? [] : ['access-control-allow-headers', names.join(', ')]),
    ...(isPrivate ? ['access-control-allow-private-network', 'true'] : []),
    ...['vary', 'access-control-request-headers, access-control-request-private-network'],
  ];
}
