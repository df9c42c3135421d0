import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { AppError } from '../../src/errors.js';
import { FrameReader } from '../../src/grpc/messages/frame-reader.js';
import { createGrpcHost, type GrpcDeps } from '../../src/server/grpc/grpc-host.js';
import { MemoryBudget } from '../../src/server/memory/memory-budget.js';
import { fetchFile } from '../../src/store/transfer/fetch-file.js';
import { unpack } from '../../src/store/transfer/unpack.js';
import { temporaryFolder } from '../support/folder.js';
import { around, isRefusal, type Parser } from './inputs.js';

/** One file, folder or link of a tar (POSIX ustar), with its content in whole blocks. */
function entry(name: string, type: string, { link = '', content = '' } = {}): Buffer {
  const bytes = Buffer.from(content);
  const header = Buffer.alloc(512);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  header.write(name, 0, 100);
  header.write(octal(0o644, 7) + octal(0, 7) + octal(0, 7) + octal(bytes.length, 11) + octal(0, 11), 100);
  header.write(`        ${type}`, 148);
  header.write(link, 157, 100);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)} `, 148);
  return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

const names = [
  'a',
  'a/b',
  'a/b/c',
  './d',
  '../x',
  'a/../../x',
  '/x',
  'd/',
  '.wh.a',
  'a/.wh..wh..opq',
  '.wh...',
  '.wh.',
  '..',
  '\u202e',
  'e',
];
const types = ['0', '0', '0', '1', '2', '2', '3', '5', '5', '6', '7', 'x', 'g', 'L', 'K', 'S', '\0'];

/** Archives that are sound but for what they say, and others. */
function archives(): fc.Arbitrary<Buffer> {
  const one = fc
    .record({ name: fc.constantFrom(...names), type: fc.constantFrom(...types), link: fc.constantFrom('', ...names), content: fc.constantFrom('', 'x', '20 path=../x\n', 'y'.repeat(600)) })
    .map(({ name, type, ...rest }) => entry(name, type, rest)); // prettier-ignore
  const sound = fc.array(one, { maxLength: 6 }).map((all) => Buffer.concat([...all, Buffer.alloc(1024)]));
  const tar = Buffer.concat([entry('a', '5'), entry('a/b', '0', { content: 'model' }), entry('c', '2', { link: 'a' })]);
  return fc.oneof(
    sound,
    sound.map((bytes) => gzipSync(bytes)),
    around(tar, gzipSync(tar)),
  );
}

const home = temporaryFolder('properties-');
const root = join(home, 'in');
const archive = join(home, 'archive');

/** Nothing is written, nor taken away, outside the folder. */
async function unpackInside(input: Buffer): Promise<number> {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root);
  writeFileSync(join(home, 'x'), 'kept');
  writeFileSync(archive, input);
  const unpacking = { isGzip: input[0] === 0x1f && input[1] === 0x8b, placeOf: (path: string) => path };
  const options = { root, shown: 'a', unpacking, limits: { entries: 5, bytes: 1500 } };
  const thrown: unknown = await unpack(archive, options).catch((error: unknown) => error);
  const outside = readdirSync(home).filter((name) => name !== 'part');
  if (outside.sort().join() !== 'archive,in,x') throw new TypeError(`written outside: ${outside.join()}`);
  if (readFileSync(join(home, 'x'), 'utf8') !== 'kept') throw new TypeError('written over, outside');
  if (thrown instanceof Error) throw thrown;
  return readdirSync(root, { recursive: true }).length;
}

const content = Buffer.from('0123456789');
const statuses = [206, 206, 206, 200, 416, 412, 204, 503];
const bodies = ['3456789', '0123456789', '345', '', '34567890123456'];

/** A file of which three bytes are here already: it is right in the end, or refused, whatever the header says that the rest begins at. */
async function fetchRest(input: Buffer): Promise<number> {
  const target = join(home, 'part', 'file');
  mkdirSync(join(home, 'part'), { recursive: true });
  rmSync(target, { force: true });
  writeFileSync(`${target}.part`, content.subarray(0, 3));
  const status = statuses[(input[0] ?? 0) % statuses.length] ?? 206;
  const body = (input[1] ?? 0) % bodies.length;
  const headers = new Headers();
  try {
    headers.set('content-range', input.toString('latin1', 2));
  } catch {
    throw new AppError('INVALID_INPUT', 'no header');
  }
  const open = (): Promise<Response> =>
    Promise.resolve(new Response(status === 204 ? null : (bodies[body] ?? ''), { status, headers }));
  const sizeBytes = (input.length & 1) === 0 ? {} : { sizeBytes: content.length };
  const world = { wait: () => Promise.resolve(), onBytes: () => undefined, onRetry: () => undefined };
  try {
    await fetchFile({ path: 'f', open, ...sizeBytes }, target, world);
  } catch (cause) {
    const isRefusal = cause instanceof AppError && cause.code !== 'INTERNAL';
    throw isRefusal ? new AppError('INVALID_INPUT', cause.message, { cause }) : cause;
  }
  // Without a size the body's own end is that of the file; what is here stands before it where it was gone on with.
  const found = readFileSync(target, 'utf8');
  const whole = [bodies[body], `012${bodies[body] ?? ''}`, '012'];
  if ('sizeBytes' in sizeBytes ? found.length !== content.length : !whole.includes(found))
    throw new TypeError(`made up: ${found}`);
  return found.length;
}

const limitBytes = 64;

interface Cut {
  readonly frames: string;
  readonly refusal?: string;
}

function framesBy(step: number, input: Buffer): Cut {
  const memory = new MemoryBudget(1 << 20);
  const settings = { limits: { bodyBytes: limitBytes }, log: {} };
  const reader = new FrameReader(createGrpcHost({ settings, memory, processTag: 't' } as unknown as GrpcDeps));
  const found: string[] = [];
  try {
    for (let at = 0; at < input.length; at += step) {
      for (const frame of reader.write(input.subarray(at, at + step))) found.push(frame.toString('hex'));
    }
    return { frames: found.join() };
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
    return { frames: found.join(), refusal: String(thrown) };
  } finally {
    reader.close();
    assert.equal(memory.usedBytes, 0, 'bytes that stay counted');
  }
}

/** Messages, and the refusal of one that is too large, are the same however their bytes are cut, and none of them stays in memory. */
function cutFrames(input: Buffer): string {
  const whole = framesBy(Math.max(1, input.length), input);
  for (const step of [1, 3, 7]) {
    const cut = framesBy(step, input);
    // Those that came in one piece with what is refused are not answered.
    const isSame = whole.refusal === undefined ? cut.frames === whole.frames : cut.refusal === whole.refusal;
    if (!isSame) throw new TypeError(`frames depend on how the bytes are cut: ${JSON.stringify([whole, cut])}`);
  }
  if (whole.refusal !== undefined) throw new AppError('PAYLOAD_TOO_LARGE', whole.refusal);
  return whole.frames;
}

function frame(text: string, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(text.length, 1);
  return Buffer.concat([prefix, Buffer.from(text)]);
}

const ranges = [
  'bytes 3-9/10',
  'bytes 0-9/10',
  'bytes */10',
  'bytes 3-9/*',
  'bytes 3-5/10',
  'bytes */3',
  'bytes 9007199254740993-9/10',
  '3-9/10',
];

/** Parsers of what is brought here in pieces: archives, the rest of a download, messages over gRPC. */
export const transferParsers: readonly Parser[] = [
  { name: 'an archive', inputs: archives(), parse: unpackInside },
  { name: 'the range of a download', inputs: fc.tuple(fc.nat(255), fc.nat(255), around(...ranges)).map(([status, body, range]) => Buffer.concat([Buffer.of(status, body), range])), parse: fetchRest },
  { name: 'frames over gRPC', inputs: around(Buffer.concat([frame('abc'), frame(''), frame('x'.repeat(60), 1)]), frame('y'.repeat(65))), parse: cutFrames },
]; // prettier-ignore
