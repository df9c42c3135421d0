import { open, rename, rm, stat } from 'node:fs/promises';
import { AppError } from '../../errors.js';
import type { ListedFile } from './listing.js';
import { failureOf, readBody } from './ask.js';
import { digestFile, type Digest } from './digest.js';

/** Failures in a row, none of which brought a byte, after which a file is given up. */
const mostFailures = 5;

/** What a download needs from around it. */
export interface FetchWorld {
  wait(ms: number): Promise<void>;
  /** How many bytes of the file are here, and that a transfer is taken up again, with the reason. */
  onBytes(bytes: number): void;
  onRetry(reason: string): void;
}

/** A file that has come whole. */
export interface FetchedFile {
  readonly sizeBytes: number;
  readonly sha256: string;
  /** By what its bytes were checked beyond their number; undefined: the place offers nothing. */
  readonly verified?: string;
}

/**
 * Fetches a file to `target`, which is there only once all of it has come and its digest is right. What an earlier try left in
 * `target.part` is gone on with. Throws REQUEST_FAILED where the bytes are not what the place says they are.
 */
export async function fetchFile(file: ListedFile, target: string, world: FetchWorld): Promise<FetchedFile> {
  const part = `${target}.part`;
  // It came whole in a pull that ended before the others had: what it holds is checked once more.
  await rename(target, part).catch(() => undefined);
  for (let failures = 0; ;) {
    const before = await sizeOf(part);
    try {
      const digest = await fetchRest(file, part, world);
      const found = await verify(file.path, part, digest);
      await rename(part, target);
      return found;
    } catch (thrown) {
      const isLost = thrown instanceof AppError && thrown.code === 'SERVER_UNREACHABLE';
      failures = (await sizeOf(part)) > before ? 1 : failures + 1;
      if (!isLost || failures >= mostFailures) throw thrown;
      world.onRetry(thrown.message);
      await world.wait(1000 * 2 ** (failures - 1));
    }
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => ({ size: 0 }))).size;
}

async function verify(path: string, part: string, digest: Digest | undefined): Promise<FetchedFile> {
  const { sizeBytes, sha256, asked } = await digestFile(part, digest?.algorithm);
  if (digest !== undefined && digest.hex !== asked) {
    await rm(part);
    const text = `${path} came with ${digest.algorithm} ${asked}, expected ${digest.hex}: it was thrown away. Pull again; if it happens again, the location or the connection is broken.`;
    throw new AppError('REQUEST_FAILED', text);
  }
  return { sizeBytes, sha256, ...(digest === undefined ? {} : { verified: digest.algorithm }) };
}

/** One request for what is missing; answers what the bytes must come to. Throws SERVER_UNREACHABLE where trying again may help. */
async function fetchRest(file: ListedFile, part: string, world: FetchWorld): Promise<Digest | undefined> {
  const here = await sizeOf(part);
  const { sizeBytes } = file;
  if (here > 0 && here === sizeBytes && file.digestOf === undefined) return file.digest;
  const offset = sizeBytes !== undefined && here >= sizeBytes ? 0 : here;
  const response = await file.open(offset);
  const digest = file.digestOf?.(response) ?? file.digest;
  const { status } = response;
  const range = rangeOf(response);
  if (status === 416 && offset > 0) {
    await response.body?.cancel();
    if (range.total !== offset || sizeBytes !== undefined) await refuseRest(file, part, range.total);
    return digest;
  }
  if (status === 206 && range.start !== offset) {
    await response.body?.cancel();
    const begins = `begins at ${range.start ?? 'no byte'}`;
    throw new AppError(
      'REQUEST_FAILED',
      `${file.path} was asked for from byte ${offset} on, and the answer ${begins}.`,
    );
  }
  if (status === 412)
    throw new AppError('REQUEST_FAILED', `${file.path} was changed while it was being pulled. Pull again.`);
  if (status !== 200 && status !== 206)
    throw await failureOf(response, file.path, 'Check its place and the credentials.');
  const expected = sizeBytes ?? (status === 200 ? lengthOf(response) : range.total);
  await write(response, { part, offset: status === 200 ? 0 : offset, expected, path: file.path, world });
  return digest;
}

/** What is here is no beginning of what is there now. */
async function refuseRest({ path }: ListedFile, part: string, total: number | undefined): Promise<never> {
  const here = await sizeOf(part);
  await rm(part, { force: true });
  const text = `${path} has ${total ?? 'fewer'} bytes there and ${here} here: it is fetched again from its start.`;
  throw new AppError('SERVER_UNREACHABLE', text);
}

interface Writing {
  readonly part: string;
  readonly offset: number;
  readonly expected: number | undefined;
  readonly path: string;
  readonly world: FetchWorld;
}

async function write(response: Response, { part, offset, expected, path, world }: Writing): Promise<void> {
  const handle = await open(part, offset === 0 ? 'w' : 'a', 0o600);
  let at = offset;
  try {
    for await (const chunk of readBody(response, path)) {
      at += chunk.length;
      if (expected !== undefined && at > expected) throw tooLong(path, expected);
      await handle.writeFile(chunk);
      world.onBytes(at);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (expected !== undefined && at < expected)
    throw new AppError('SERVER_UNREACHABLE', `${path} ended after ${at} of ${expected} bytes.`);
}

function tooLong(path: string, expected: number): AppError {
  return new AppError('REQUEST_FAILED', `${path} has more than the ${expected} bytes that its location states.`);
}

function lengthOf(response: Response): number | undefined {
  const text = response.headers.get('content-length');
  return text === null || !/^\d+$/.test(text) ? undefined : Number(text);
}

/** `Content-Range: bytes 5-9/10`, or with 416 `bytes *\/10`. */
function rangeOf(response: Response): { readonly start?: number; readonly total?: number } {
  const [, start, total] = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '') ?? [];
  return {
    ...(start === undefined ? {} : { start: Number(start) }),
    ...(total === undefined || total === '*' ? {} : { total: Number(total) }),
  };
}
