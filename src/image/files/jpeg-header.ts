import { isExif, saysUpright } from './exif.js';
import { readSegments, startsWith } from './jpeg-segments.js';

/** What a JPEG says of itself before its pixels. */
export interface JpegHeader {
  /** The start-of-frame marker's number: 0 baseline, 1 extended, 2 progressive. */
  readonly frame: number;
  readonly bits: number;
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly hasProfile: boolean;
  /** Whether its EXIF says so, or cannot be told to say otherwise. */
  readonly isTurned: boolean;
}

/** Start-of-frame markers; C4, C8 and CC between them are others. */
const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

/** Reads a JPEG's segments up to its first scan; undefined where there is no frame before it. */
export function readJpegHeader(jpeg: Uint8Array): JpegHeader | undefined {
  let frame: Pick<JpegHeader, 'frame' | 'bits' | 'width' | 'height' | 'components'> | undefined;
  let hasProfile = false;
  const exif: Buffer[] = [];
  for (const segment of readSegments(jpeg)) {
    if (segment === undefined) return undefined;
    const { marker, content } = segment;
    if (marker === 0xe2 && startsWith(content, 'ICC_PROFILE\0')) hasProfile = true;
    if (marker === 0xe1 && isExif(content)) exif.push(content);
    if (isFrame(marker) && content.length >= 6) {
      const [height, width] = [content.readUInt16BE(1), content.readUInt16BE(3)];
      frame = { frame: marker - 0xc0, bits: content[0] ?? 0, height, width, components: content[5] ?? 0 };
    }
  }
  const isTurned = exif.length > 1 || !exif.every(saysUpright);
  return frame === undefined ? undefined : { ...frame, hasProfile, isTurned };
}
