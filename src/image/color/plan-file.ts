import type { ImageFormat } from '../files/format.js';
import { readJpegHeader } from '../files/jpeg-header.js';
import { findUnreadSamples, readTiffSamples } from '../files/tiff-header.js';
import { byDecoder, planColors, type ColorPlan, type FileFacts } from './plan.js';
import { readPngColor } from './png-color.js';
import { profileOfPoints, type CodingMeaning } from './coding-points.js';

/** A PNG's bits a sample, 16 of which need a closer look, and its colour type, of which gray does (0, and 4 with alpha). */
const [pngBitsAt, pngTypeAt] = [24, 25];

/**
 * The plan for a file's colours. `read` is asked only where the decoder's own way may not be right, which spares the others
 * its time; rejects as it does.
 */
export async function planFile(
  bytes: Uint8Array,
  format: ImageFormat,
  read: () => Promise<FileFacts>,
): Promise<ColorPlan> {
  switch (format) {
    case 'jpeg': {
      const header = readJpegHeader(bytes);
      if (header !== undefined && header.bits !== 8) return { kind: 'refused', what: `${header.bits}-bit samples` };
      return header?.hasProfile === true && header.components === 1 ? planColors(await read(), {}) : byDecoder;
    }
    case 'png': {
      const marked = readPngColor(bytes);
      const isGray = bytes[pngTypeAt] === 0 || bytes[pngTypeAt] === 4;
      const isPlain = marked === undefined && bytes[pngBitsAt] !== 16 && !isGray;
      return isPlain ? byDecoder : planColors(await read(), { marked });
    }
    case 'avif': {
      const facts = await read();
      return planColors(facts, { marked: facts.icc === undefined ? readAvifColor(bytes) : undefined });
    }
    case 'tiff': {
      const tiff = readTiffSamples(bytes);
      const what = tiff === undefined ? undefined : findUnreadSamples(tiff);
      return what === undefined ? planColors(await read(), { tiff }) : { kind: 'refused', what };
    }
    case 'webp':
    case 'gif':
      return byDecoder;
  }
}

/** Boxes on the way to an item's colours (ISO/IEC 23008-12), and how many bytes stand before those inside. */
const path = [
  ['meta', 4],
  ['iprp', 0],
  ['ipco', 0],
] as const;

/** What the first nclx colour box of an AVIF image says of its colours. Undefined: nothing. */
export function readAvifColor(avif: Uint8Array): CodingMeaning | undefined {
  let inside: Buffer | undefined = Buffer.from(avif.buffer, avif.byteOffset, avif.byteLength);
  for (const [name, before] of path) {
    inside = findBox(inside, (box, kind) => kind === name && box.length >= before)?.subarray(before);
    if (inside === undefined) return undefined;
  }
  const nclx = findBox(inside, (box, kind) => kind === 'colr' && box.toString('latin1', 0, 4) === 'nclx');
  if (nclx === undefined || nclx.length < 8) return undefined;
  return profileOfPoints({ primaries: nclx.readUInt16BE(4), transfer: nclx.readUInt16BE(6) });
}

/** The first box that fits, without its header. */
function findBox(bytes: Buffer, fits: (box: Buffer, kind: string) => boolean): Buffer | undefined {
  for (let at = 0; at + 8 <= bytes.length;) {
    const size = bytes.readUInt32BE(at);
    // 0: to the end. Sizes of 64 bits (1) stand only at the pixels.
    const end = size === 0 ? bytes.length : at + size;
    if (size === 1 || end < at + 8) return undefined;
    const box = bytes.subarray(at + 8, end);
    if (fits(box, bytes.toString('latin1', at + 4, at + 8))) return box;
    at = end;
  }
  return undefined;
}
