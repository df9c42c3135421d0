import { startOfScan } from './jpeg-segments.js';

/** How strictly the decoder reads. */
export type FailOn = 'error' | 'warning';

/** A way to read a file. */
export interface Reading {
  readonly bytes: Uint8Array;
  readonly failOn: FailOn;
}

const endMarker = Uint8Array.of(0xff, 0xd9);

/**
 * How to read a JPEG that the decoder refused when it was to stop at the first warning. One that has no end gets an end: if
 * the decoder then misses nothing, all of its pixels are there. Warnings that cost no pixels are overlooked.
 * Undefined: pixels are missing.
 */
export function nextReading({ bytes, failOn }: Reading, warning: string): Reading | undefined {
  if (failOn === 'error' || /premature end of data segment|bad Huffman code/.test(warning)) return undefined;
  if (!/premature end of JPEG image/.test(warning)) return { bytes, failOn: 'error' };
  return hasAllScans(bytes) ? { bytes: Buffer.concat([bytes, endMarker]), failOn } : undefined;
}

const coefficients = 64;

/**
 * Whether a JPEG's scans together hold every coefficient of every component to its last bit, as far as their headers say
 * (ITU-T T.81, B.2.3 and G.1.1.1). A progressive one that was cut off between two scans shows no other sign of it.
 */
export function hasAllScans(jpeg: Uint8Array): boolean {
  const missing = new Map<number, Set<number>>();
  for (const { marker, segment } of listSegments(jpeg)) {
    if (marker >= 0xc0 && marker <= 0xc2) noteComponents(segment, missing);
    if (marker === startOfScan) noteScan(segment, missing);
  }
  return missing.size > 0 && [...missing.values()].every((left) => left.size === 0);
}

/** Encoders write about ten. In 60 bytes a scan may refine one bit of all pixels, and takes as long as any other. */
export const mostScans = 100;

/** Whether a JPEG has more scans than are decoded: a file of some kilobytes would take a minute. */
export function hasTooManyScans(jpeg: Uint8Array): boolean {
  let scans = 0;
  for (const { marker } of listSegments(jpeg)) if (marker === startOfScan && ++scans > mostScans) return true;
  return false;
}

/** All segments up to the end of the image, with what stands in each. */
function* listSegments(jpeg: Uint8Array): Generator<{ readonly marker: number; readonly segment: Buffer }, void> {
  const bytes = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  for (let at = 2; at >= 0 && at + 4 <= bytes.length;) {
    const marker = bytes[at] === 0xff ? (bytes[at + 1] ?? 0) : 0;
    // Entropy-coded bytes, stuffed zeros, fill bytes, and markers that no length follows.
    if (marker <= 1 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd7)) {
      at = bytes.indexOf(0xff, at + 1);
      continue;
    }
    if (marker === 0xd9) return;
    const next = at + 2 + bytes.readUInt16BE(at + 2);
    yield { marker, segment: bytes.subarray(at + 4, next) };
    at = next;
  }
}

type Missing = Map<number, Set<number>>;

function noteComponents(frame: Buffer, missing: Missing): void {
  for (let n = 0; n < (frame[5] ?? 0); n += 1) {
    missing.set(frame[6 + n * 3] ?? 0, new Set(Array.from({ length: coefficients }, (_, index) => index)));
  }
}

function noteScan(scan: Buffer, missing: Missing): void {
  const components = scan[0] ?? 0;
  const [first = 0, last = 0, bits = 0] = scan.subarray(1 + components * 2);
  // The lower half says how many bits are still to come.
  if ((bits & 15) !== 0) return;
  for (let n = 0; n < components; n += 1) {
    const left = missing.get(scan[1 + n * 2] ?? 0);
    for (let index = first; index <= last; index += 1) left?.delete(index);
  }
}
