import { crc32, deflateSync } from 'node:zlib';

/** Samples of a file, pixel by pixel: whole numbers, or floats. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly perPixel: number;
  readonly values: readonly number[];
}

function be32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A chunk of a PNG by name and bytes. */
export type Chunk = readonly [name: string, data: Buffer];

export const chunks = {
  profile: (icc: Buffer): Chunk => ['iCCP', Buffer.concat([Buffer.from('x\0\0', 'latin1'), deflateSync(icc)])],
  gamma: (value: number): Chunk => ['gAMA', be32(Math.round(value * 100_000))],
  chromaticities: (...xy: readonly number[]): Chunk => [
    'cHRM',
    Buffer.concat(xy.map((value) => be32(Math.round(value * 100_000)))),
  ],
  srgb: ['sRGB', Buffer.of(0)] as Chunk,
  points: (...points: readonly number[]): Chunk => ['cICP', Buffer.from(points)],
};

function encodeChunk([name, data]: Chunk): Buffer {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  return Buffer.concat([be32(data.length), named, be32(crc32(named))]);
}

const pngTypes: Readonly<Record<number, number>> = { 1: 0, 2: 4, 3: 2, 4: 6 };

/** A PNG of 8 or 16 bits a sample, with these chunks before its pixels. */
export function writePng(raster: Raster, bits: 8 | 16, before: readonly Chunk[]): Buffer {
  const { width, height, perPixel, values } = raster;
  const rowBytes = 1 + (width * perPixel * bits) / 8;
  const rows = Buffer.alloc(rowBytes * height);
  values.forEach((value, n) => {
    const row = Math.floor(n / (width * perPixel));
    const at = row * rowBytes + 1 + ((n % (width * perPixel)) * bits) / 8;
    if (bits === 8) rows.writeUInt8(value, at);
    else rows.writeUInt16BE(value, at);
  });
  const header = Buffer.concat([be32(width), be32(height), Buffer.of(bits, pngTypes[perPixel]!, 0, 0, 0)]);
  const all: readonly Chunk[] = [['IHDR', header], ...before, ['IDAT', deflateSync(rows)], ['IEND', Buffer.alloc(0)]];
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...all.map(encodeChunk)]);
}

/** Sample formats of a TIFF: whole numbers, signed ones, floats. */
export interface TiffKind {
  readonly bits: 8 | 16 | 32 | 64;
  /** 1 unsigned, 2 signed, 3 float. */
  readonly format?: 1 | 2 | 3;
  readonly photometric?: number;
  /** 0 unspecified, 1 premultiplied, 2 alpha. */
  readonly extra?: readonly number[];
  readonly icc?: Buffer | undefined;
  /** With the tag that marks a camera's raw file (DNG). */
  readonly isRaw?: boolean;
}

/** The bits of a half float that holds the value exactly. */
function halfBits(value: number): number {
  if (value === 0) return 0;
  const exponent = Math.floor(Math.log2(value));
  return ((exponent + 15) << 10) | ((value / 2 ** exponent - 1) * 1024);
}

function writeSamples(values: readonly number[], { bits, format = 1 }: TiffKind): Buffer {
  const out = Buffer.alloc((values.length * bits) / 8);
  values.forEach((value, n) => {
    const at = (n * bits) / 8;
    if (format === 3 && bits === 16) out.writeUInt16LE(halfBits(value), at);
    else if (format === 3 && bits === 32) out.writeFloatLE(value, at);
    else if (format === 3) out.writeDoubleLE(value, at);
    else out.writeUIntLE(value, at, Math.min(bits / 8, 6));
  });
  return out;
}

/** An uncompressed little-endian TIFF of one strip (TIFF 6.0). */
export function writeTiff(raster: Raster, kind: TiffKind): Buffer {
  const { width, height, perPixel, values } = raster;
  const { bits, format = 1, extra = [], icc } = kind;
  const samples = writeSamples(values, kind);
  const each = (value: number) => Array.from({ length: perPixel }, () => value);
  const short = 3;
  const tags: (readonly [tag: number, type: number, values: readonly number[]])[] = [
    [256, short, [width]],
    [257, short, [height]],
    [258, short, each(bits)],
    [259, short, [1]],
    [262, short, [kind.photometric ?? (perPixel - extra.length === 1 ? 1 : 2)]],
    [273, 4, [8]],
    [277, short, [perPixel]],
    [278, short, [height]],
    [279, 4, [samples.length]],
    ...(extra.length === 0 ? [] : [[338, short, extra] as const]),
    [339, short, each(format)],
    ...(icc === undefined ? [] : [[34_675, 7, [...icc]] as const]),
    ...(kind.isRaw === true ? [[50_706, 1, [1, 4, 0, 0]] as const] : []),
  ];
  return Buffer.concat([tiffStart(8 + samples.length), samples, writeDirectory(tags, 8 + samples.length)]);
}

function tiffStart(directoryAt: number): Buffer {
  const start = Buffer.from('II*\0\0\0\0\0', 'latin1');
  start.writeUInt32LE(directoryAt, 4);
  return start;
}

function writeDirectory(tags: readonly (readonly [number, number, readonly number[]])[], at: number): Buffer {
  const directory = Buffer.alloc(2 + tags.length * 12 + 4);
  directory.writeUInt16LE(tags.length);
  const beyond: Buffer[] = [];
  let beyondAt = at + directory.length;
  tags.forEach(([tag, type, values], n) => {
    const size = type === 3 ? 2 : type === 4 ? 4 : 1;
    const bytes = Buffer.alloc(Math.max(4, values.length * size + ((values.length * size) % 2)));
    values.forEach((value, index) => bytes.writeUIntLE(value, index * size, size));
    const entry = 2 + n * 12;
    directory.writeUInt16LE(tag, entry);
    directory.writeUInt16LE(type, entry + 2);
    directory.writeUInt32LE(values.length, entry + 4);
    if (bytes.length === 4) bytes.copy(directory, entry + 8);
    else {
      directory.writeUInt32LE(beyondAt, entry + 8);
      beyond.push(bytes);
      beyondAt += bytes.length;
    }
  });
  return Buffer.concat([directory, ...beyond]);
}
