import type { Exchange } from './exchange.js';

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpg: 'image/jpeg',
  ico: 'image/x-icon',
  txt: 'text/plain; charset=utf-8',
};

/** The API page sets styles of its own on its elements; nothing comes from elsewhere. */
const policy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

/** Sends a file's bytes with the type of its name; pages may load nothing from elsewhere. */
export function sendFile(exchange: Exchange, name: string, body: Uint8Array): void {
  const type = types[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
  exchange.send(200, body, ['content-type', type, 'content-security-policy', policy, 'cache-control', 'no-cache']);
}
