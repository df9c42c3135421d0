import { hasAllScans } from './jpeg-scans.js';

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
