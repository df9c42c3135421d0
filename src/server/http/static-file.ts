import { contentTypeOf } from '../../playground/assets.js';
import type { Exchange } from './exchange.js';

/** The API page sets styles of its own on its elements; nothing comes from elsewhere. */
const policy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

/** Sends a file's bytes with the type of its name; pages may load nothing from elsewhere. */
export function sendFile(exchange: Exchange, name: string, body: Uint8Array): void {
  exchange.send(200, body, [
    'content-type',
    contentTypeOf(name),
    'content-security-policy',
    policy,
    'cache-control',
    'no-cache',
  ]);
}
