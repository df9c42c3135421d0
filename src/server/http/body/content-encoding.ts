import { promisify } from 'node:util';
import { createGunzip, createInflate, createInflateRaw, deflate, gzip } from 'node:zlib';
import { AppError, messageOf } from '../../../errors.js';
import { tooLarge } from '../http-errors.js';
import { GrowingBuffer } from '../../memory/growing-buffer.js';
import type { RequestMemory } from '../../memory/memory-budget.js';

/** Encodings of bodies that this server reads and writes. `deflate` is the zlib stream of RFC 9110; read is also what many send instead, a raw one. */
export type Coding = 'gzip' | 'deflate';

const inflaters = { gzip: createGunzip, zlib: createInflate, raw: createInflateRaw };
const deflaters = { gzip: promisify(gzip), deflate: promisify(deflate) };

/** How a body is put together, and on whose account. */
export interface BodyOptions {
  /** Most bytes, as sent and undone of the Content-Encoding. */
  readonly limitBytes: number;
  /** This byte comes to lie where a tensor's elements may begin, so that they need no copy. */
  readonly alignAt?: number | undefined;
  readonly memory: Pick<RequestMemory, 'counter' | 'own'>;
}

/** Undoes a request's Content-Encoding; stops at `limitBytes`. Rejects with UNSUPPORTED_ENCODING, INVALID_INPUT, PAYLOAD_TOO_LARGE or MEMORY_FULL. */
export async function decodeBody(body: Buffer, coding: string, options: BodyOptions): Promise<Buffer> {
  const name = coding.trim().toLowerCase();
  if (name === 'identity' || name === '') return body;
  if (name === 'gzip' || name === 'deflate') return unfold(body, name, options);
  throw new AppError(
    'UNSUPPORTED_ENCODING',
    `Content-Encoding ${JSON.stringify(coding)} is not supported: expected gzip, deflate or identity.`,
  );
}

const pieceBytes = 64 * 1024;

/** Every piece is counted before memory grows for it, so that a small body cannot become a large one unseen. */
function unfold(body: Buffer, name: Coding, { limitBytes, alignAt = 0, memory }: BodyOptions): Promise<Buffer> {
  const parts = new GrowingBuffer({ alignAt, onHold: memory.counter() });
  const stream = inflaters[formOf(name, body)]({ chunkSize: pieceBytes });
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      stream.destroy();
      parts.discard();
      reject(error instanceof Error ? error : new Error(messageOf(error)));
    };
    stream.on('data', (piece: Buffer) => {
      if (stream.destroyed) return;
      try {
        if (parts.length + piece.length > limitBytes) throw tooLarge(limitBytes);
        parts.take(piece);
      } catch (thrown) {
        fail(thrown);
      }
    });
    stream.on('end', () => {
      const whole = parts.finish();
      memory.own([whole.buffer]);
      resolve(whole);
    });
    stream.on('error', (cause) => {
      fail(new AppError('INVALID_INPUT', `The body is not valid ${name} data: ${messageOf(cause)}.`, { cause }));
    });
    stream.end(body);
  });
}

/** A zlib stream begins with its method and a check of two bytes (RFC 1950, 2.2), which no raw stream that is written does. */
function formOf(coding: Coding, [method = 0, flags = 0]: Buffer): keyof typeof inflaters {
  if (coding === 'gzip') return 'gzip';
  return (method & 0x0f) === 8 && (method * 256 + flags) % 31 === 0 ? 'zlib' : 'raw';
}

/** Compresses an answer. Level 1: tensors gain little from more, and every answer pays for it. */
export function encodeBody(body: Uint8Array, coding: Coding): Promise<Buffer> {
  return deflaters[coding](body, { level: 1 });
}

/**
 * The coding an Accept-Encoding header prefers, undefined for identity (RFC 9110, 12.5.3). Entries that are unknown or
 * malformed are skipped, and no header is refused: identity is always sent when nothing else fits.
 */
export function chooseCoding(header: string): Coding | undefined {
  if (!header.includes('gzip') && !header.includes('deflate') && !header.includes('*')) return undefined;
  const weights = parseWeights(header);
  const weightOf = (name: string) => weights.get(name) ?? weights.get('*') ?? 0;
  const [gzipWeight, deflateWeight] = [weightOf('gzip'), weightOf('deflate')];
  const best = Math.max(gzipWeight, deflateWeight);
  if (best === 0 || best < (weights.get('identity') ?? 0)) return undefined;
  return gzipWeight >= deflateWeight ? 'gzip' : 'deflate';
}

function parseWeights(header: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const entry of header.toLowerCase().split(',')) {
    const match = /^\s*([\w*-]+)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?$/.exec(entry);
    if (match?.[1] !== undefined) weights.set(match[1], Math.min(1, Number(match[2] ?? 1)));
  }
  return weights;
}
