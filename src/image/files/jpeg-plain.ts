import { isExif, saysUpright } from './exif.js';
import { readSegments, startOfScan, startsWith } from './jpeg-segments.js';

/** How the chroma of a JPEG lies beside its luma. */
export type Sampling = 'gray' | '444' | '422' | '420';

/** A JPEG of the plain kind: baseline, 8 bits, one scan, gray or YCbCr, upright, with no colour profile. */
export interface PlainJpeg {
  readonly width: number;
  readonly height: number;
  readonly sampling: Sampling;
  readonly components: readonly PlainComponent[];
  /** Tables of 64 quantisers in the order of the file, by number. */
  readonly quantisers: ReadonlyMap<number, Uint16Array>;
  /** Counts of codes by length, then symbols; DC tables by number, AC tables by 4 + number. */
  readonly codes: ReadonlyMap<number, Uint8Array>;
  /** Units between restart markers; 0: there are none. */
  readonly interval: number;
  readonly scanAt: number;
}

interface PlainComponent {
  readonly id: number;
  readonly across: number;
  readonly down: number;
  readonly quantiser: number;
  readonly dc: number;
  readonly ac: number;
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly components: readonly Omit<PlainComponent, 'dc' | 'ac'>[];
}

/** What the segments before the scan have said so far. */
interface Reading {
  frame?: Frame;
  interval: number;
  isJfif: boolean;
  hasExif: boolean;
  adobeTransform?: number;
  readonly quantisers: Map<number, Uint16Array>;
  readonly codes: Map<number, Uint8Array>;
}

const marker = { dht: 0xc4, dqt: 0xdb, dri: 0xdd, app0: 0xe0, app1: 0xe1, app2: 0xe2, app14: 0xee } as const;

/** Reads a JPEG's segments (ITU-T T.81, B.2); undefined: it is not of the plain kind, or not as it should be. */
export function readPlainJpeg(jpeg: Uint8Array): PlainJpeg | undefined {
  const reading: Reading = { interval: 0, isJfif: false, hasExif: false, quantisers: new Map(), codes: new Map() };
  for (const segment of readSegments(jpeg)) {
    if (segment === undefined || segment.next > jpeg.length) return undefined;
    const { marker: kind, content, next } = segment;
    if (kind === startOfScan) return readScan(content, reading, next);
    if (!readSegment(kind, content, reading)) return undefined;
  }
  return undefined;
}

/** False: the file is not of the plain kind. */
function readSegment(kind: number, segment: Buffer, reading: Reading): boolean {
  switch (kind) {
    case marker.app0:
      reading.isJfif ||= startsWith(segment, 'JFIF\0') && segment.length >= 12;
      return true;
    case marker.app1:
      if (!isExif(segment)) return true;
      if (reading.hasExif || !saysUpright(segment)) return false;
      reading.hasExif = true;
      return true;
    case marker.app2:
      return !startsWith(segment, 'ICC_PROFILE\0');
    case marker.app14:
      if (startsWith(segment, 'Adobe') && segment.length >= 12) reading.adobeTransform = segment[11] ?? 0;
      return true;
    case marker.dqt:
      return readQuantisers(segment, reading);
    case marker.dht:
      return readCodes(segment, reading);
    case marker.dri:
      reading.interval = segment.length === 2 ? segment.readUInt16BE(0) : 0;
      return segment.length === 2;
    case 0xc0:
    case 0xc1:
      return readFrame(segment, reading);
    default:
      // Other application data and comments; any other marker before the scan is of another process.
      return (kind >= 0xe0 && kind <= 0xef) || kind === 0xfe;
  }
}

function readQuantisers(segment: Buffer, { quantisers }: Reading): boolean {
  let at = 0;
  while (at < segment.length) {
    const [precision, number] = [(segment[at] ?? 0) >> 4, (segment[at] ?? 0) & 15];
    const bytes = precision === 0 ? 64 : 128;
    at += 1;
    if (precision > 1 || number > 3 || at + bytes > segment.length) return false;
    const table = new Uint16Array(64);
    for (let n = 0; n < 64; n += 1) {
      table[n] = precision === 0 ? (segment[at + n] as number) : segment.readUInt16BE(at + n * 2);
    }
    if (table.includes(0)) return false;
    quantisers.set(number, table);
    at += bytes;
  }
  return true;
}

function readCodes(segment: Buffer, { codes }: Reading): boolean {
  let at = 0;
  while (at + 17 <= segment.length) {
    const [kind, number] = [(segment[at] ?? 0) >> 4, (segment[at] ?? 0) & 15];
    let count = 0;
    for (let length = 1; length <= 16; length += 1) count += segment[at + length] as number;
    const end = at + 17 + count;
    if (kind > 1 || number > 3 || count > 256 || end > segment.length) return false;
    const table = new Uint8Array(16 + 256);
    table.set(segment.subarray(at + 1, end));
    codes.set(kind * 4 + number, table);
    at = end;
  }
  return at === segment.length;
}

function readFrame(segment: Buffer, reading: Reading): boolean {
  const count = segment[5] ?? 0;
  if (reading.frame !== undefined || segment.length !== 6 + count * 3 || segment[0] !== 8) return false;
  const [height, width] = [segment.readUInt16BE(1), segment.readUInt16BE(3)];
  const components = Array.from({ length: count }, (_, n) => {
    const [id = 0, sampling = 0, quantiser = 0] = segment.subarray(6 + n * 3);
    return { id, across: sampling >> 4, down: sampling & 15, quantiser };
  });
  reading.frame = { width, height, components };
  return width > 0 && height > 0;
}

function readScan(segment: Buffer, reading: Reading, scanAt: number): PlainJpeg | undefined {
  const { frame, quantisers, codes, interval } = reading;
  const count = segment[0] ?? 0;
  if (frame === undefined || count !== frame.components.length || segment.length !== 4 + count * 2) return undefined;
  const [first, last, bits] = segment.subarray(1 + count * 2);
  if (first !== 0 || last !== 63 || bits !== 0) return undefined;
  const sampling = samplingOf(frame, reading);
  if (sampling === undefined) return undefined;
  const components = frame.components.map((component, n) => {
    const tables = segment[2 + n * 2] ?? 0;
    return { ...component, dc: tables >> 4, ac: 4 + (tables & 15) };
  });
  const isWhole = components.every(
    ({ id, quantiser, dc, ac }, n) =>
      id === segment[1 + n * 2] && quantisers.has(quantiser) && dc < 4 && codes.has(dc) && codes.has(ac),
  );
  const { width, height } = frame;
  return isWhole ? { width, height, sampling, components, quantisers, codes, interval, scanAt } : undefined;
}

/** Undefined: other colours than gray and YCbCr, or chroma that lies otherwise. Narrow chroma is enlarged by another rule. */
function samplingOf({ width, components }: Frame, reading: Reading): Sampling | undefined {
  if (components.length === 1) return 'gray';
  if (components.length !== 3 || !isYcc(components, reading)) return undefined;
  const [luma = '', ...chroma] = components.map(({ across, down }) => `${across}x${down}`);
  if (chroma.some((each) => each !== '1x1')) return undefined;
  if (luma === '1x1') return '444';
  if (width < 5) return undefined;
  return luma === '2x1' ? '422' : luma === '2x2' ? '420' : undefined;
}

/** JFIF means YCbCr, Adobe's marker says it, and without either the numbers 1, 2, 3 are understood so. */
function isYcc(components: Frame['components'], { isJfif, adobeTransform }: Reading): boolean {
  if (isJfif || adobeTransform !== undefined) return isJfif || adobeTransform === 1;
  return components.every(({ id }, n) => id === n + 1);
}
