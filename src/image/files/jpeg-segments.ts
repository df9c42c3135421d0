/** A segment of a JPEG: its marker's second byte, what it holds, and where the next one begins. */
export interface JpegSegment {
  readonly marker: number;
  readonly content: Buffer;
  readonly next: number;
}

/**
 * The segments of a JPEG from its start to the first scan's, this included (ITU-T T.81, B.1.1). Ends with undefined where no
 * marker stands in its place, or a length is none; `next` may lie beyond the end of a file that was cut.
 */
export function* readSegments(jpeg: Uint8Array): Generator<JpegSegment | undefined, void> {
  const bytes = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  for (let at = 2; at + 4 <= bytes.length;) {
    const [marker = 0, length] = [bytes[at + 1], bytes.readUInt16BE(at + 2)];
    if (bytes[at] !== 0xff || (marker !== 0xff && length < 2)) {
      yield undefined;
      return;
    }
    // Any number of fill bytes may stand before a marker.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const next = at + 2 + length;
    yield { marker, content: bytes.subarray(at + 4, next), next };
    if (marker === startOfScan) return;
    at = next;
  }
}

/** The marker before a JPEG's compressed data. */
export const startOfScan = 0xda;

/** Whether a segment begins with a text, as application data does that says whose it is. */
export function startsWith(content: Buffer, text: string): boolean {
  return content.toString('latin1', 0, text.length) === text;
}
