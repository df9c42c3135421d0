import { deflateSync } from 'node:zlib';
import type { ClassMap } from './types.js';

/**
 * A PNG of 8-bit palette indices (Portable Network Graphics, third edition, W3C): index n is class n, whose colour is the same in every
 * mask. For maps whose class numbers are below 256.
 */
export function writeMaskPng({ width, height, classes }: ClassMap): Buffer {
  const rows = Buffer.alloc((width + 1) * height); // each row begins with the filter's number, 0 for none
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rows[y * (width + 1) + 1 + x] = classes[y * width + x] as number;
  }
  return joinPng(headerOf({ width, height }, { bits: 8, color: 3 }), [chunk('PLTE', palette)], rows);
}

/** A PNG of one bit for each pixel: white where it is set. `rows` are as the format has them, a filter's number before each. */
export function writeBitPng(size: Pick<ClassMap, 'width' | 'height'>, rows: Uint8Array): Buffer {
  return joinPng(headerOf(size, { bits: 1, color: 0 }), [], rows);
}

function headerOf(
  { width, height }: Pick<ClassMap, 'width' | 'height'>,
  { bits, color }: { readonly bits: number; readonly color: number },
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bits, color, 0, 0, 0], 8); // and the one way of compressing, filtering and sending in order
  return chunk('IHDR', header);
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

function joinPng(header: Buffer, between: readonly Buffer[], rows: Uint8Array): Buffer {
  const data = chunk('IDAT', deflateSync(rows, { level: 6 }));
  return Buffer.concat([signature, header, ...between, data, chunk('IEND', Buffer.alloc(0))]);
}

/** Colours of 256 classes: black, then the bits of the number spread over red, green and blue, as PASCAL VOC colours its masks. */
const palette = Buffer.from(
  Array.from({ length: 256 }, (_, index) => [0, 1, 2].map((channel) => colourOf(index, channel))).flat(),
);

function colourOf(index: number, channel: number): number {
  let value = 0;
  for (let bit = 0; bit < 8; bit++) value |= ((index >> (3 * bit + channel)) & 1) << (7 - bit);
  return value;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  whole.set(body, 4);
  whole.writeUInt32BE(checksum(body), body.length + 4);
  return whole;
}

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32 of ISO 3309; that of node:zlib is younger than the oldest Node that we run on. */
function checksum(bytes: Buffer): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = (value >>> 8) ^ (table[(value ^ byte) & 0xff] as number);
  return ~value >>> 0;
}
