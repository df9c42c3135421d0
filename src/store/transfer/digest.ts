import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

/** What bytes must come to; `git-blob`: SHA-1 as git names files, over their length and themselves. */
export interface Digest {
  readonly algorithm: 'sha256' | 'sha512' | 'md5' | 'git-blob';
  readonly hex: string;
}

/** `sha256:HEX`, as registries write it; undefined where it is none. */
export function parseDigest(text: string): Digest | undefined {
  const [, algorithm, hex] = /^(sha256|sha512):([0-9a-f]+)$/.exec(text) ?? [];
  if (algorithm === undefined || hex === undefined) return undefined;
  return { algorithm: algorithm as 'sha256' | 'sha512', hex };
}

/** SHA-256 of a text, in hexadecimal. */
export function sha256Of(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A file's size and SHA-256, and what it comes to by another algorithm, in one reading. */
export async function digestFile(path: string, algorithm: Digest['algorithm'] = 'sha256') {
  const { size } = await stat(path);
  const sha256 = createHash('sha256');
  const other = algorithm === 'sha256' ? undefined : startHash(algorithm, size);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    sha256.update(chunk);
    other?.update(chunk);
  }
  const hex = sha256.digest('hex');
  return { sizeBytes: size, sha256: hex, asked: other?.digest('hex') ?? hex };
}

function startHash(algorithm: Digest['algorithm'], size: number): Hash {
  if (algorithm !== 'git-blob') return createHash(algorithm);
  return createHash('sha1').update(`blob ${size}\0`);
}
