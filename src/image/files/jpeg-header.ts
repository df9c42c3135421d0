/** What a JPEG says of itself before its pixels. */
export interface JpegHeader {
  /** The start-of-frame marker's number: 0 baseline, 1 extended, 2 progressive. */
  readonly frame: number;
  readonly bits: number;
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly hasProfile: boolean;
  readonly hasExif: boolean;
}

/** Start-of-frame markers; C4, C8 and CC between them are others. */
const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

/** Reads a JPEG's segments up to its first scan; undefined where there is no frame before it. */
export function readJpegHeader(jpeg: Uint8Array): JpegHeader | undefined {
  const bytes = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  let frame: Pick<JpegHeader, 'frame' | 'bits' | 'width' | 'height' | 'components'> | undefined;
  const has = { hasProfile: false, hasExif: false };
  for (let at = 2; at + 4 <= bytes.length;) {
    const marker = bytes[at + 1] ?? 0;
    if (bytes[at] !== 0xff) return undefined;
    // Any number of fill bytes may stand before a marker.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === 0xda) break;
    const segment = bytes.subarray(at + 4, at + 2 + bytes.readUInt16BE(at + 2));
    const starts = (text: string) => segment.toString('latin1', 0, text.length) === text;
    if (marker === 0xe2 && starts('ICC_PROFILE\0')) has.hasProfile = true;
    if (marker === 0xe1 && starts('Exif\0')) has.hasExif = true;
    if (isFrame(marker) && segment.length >= 6) {
      const [height, width] = [segment.readUInt16BE(1), segment.readUInt16BE(3)];
      frame = { frame: marker - 0xc0, bits: segment[0] ?? 0, height, width, components: segment[5] ?? 0 };
    }
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return frame === undefined ? undefined : { ...frame, ...has };
}
