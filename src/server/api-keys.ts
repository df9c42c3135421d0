import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '../errors.js';

/** Keys as they are held: only their digests. */
export type KeyDigests = readonly Buffer[];

/** Keys of a file: one a line, `#` starts a comment. */
export function parseKeys(text: string): readonly string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
}

/** The digests that requests are compared with. */
export function digestKeys(keys: readonly string[]): KeyDigests {
  return keys.map(digest);
}

/** Throws UNAUTHORIZED unless `Authorization: Bearer KEY` or `x-api-key: KEY` holds one of the keys; takes the same time for each. */
export function checkKey(headers: IncomingHttpHeaders, keys: KeyDigests): void {
  const bearer = /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  const given = bearer ?? headers['x-api-key'];
  if (typeof given !== 'string' || given === '') {
    throw new AppError(
      'UNAUTHORIZED',
      'This server asks for a key: send "Authorization: Bearer KEY" or "x-api-key: KEY".',
    );
  }
  const candidate = digest(given);
  const matches = keys.filter((key) => timingSafeEqual(key, candidate));
  if (matches.length === 0) throw new AppError('UNAUTHORIZED', 'The key is not one of this server’s.');
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
