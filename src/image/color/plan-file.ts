import type { ImageFormat } from '../files/format.js';
import { readJpegHeader } from '../files/jpeg-header.js';
import { findUnreadSamples, readTiffSamples } from '../files/tiff-header.js';
import { readAvifColor } from './avif-color.js';
import { byDecoder, planColors, type ColorPlan, type FileFacts } from './plan.js';
import { readPngColor } from './png-color.js';

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
