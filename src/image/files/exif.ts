import { startsWith } from './jpeg-segments.js';

const tiffAt = 6;
const orientation = 0x0112;
const short = 3;

/** Whether an application segment of a JPEG holds EXIF. */
export function isExif(segment: Buffer): boolean {
  return startsWith(segment, 'Exif\0');
}

/** Whether EXIF says that its image is upright, or nothing of it; false too where it is not all in its place (EXIF 2.3, 4.6.2). */
export function saysUpright(segment: Buffer): boolean {
  const tiff = segment.subarray(tiffAt);
  const order = tiff.toString('latin1', 0, 2);
  if (tiff.length < 8 || (order !== 'II' && order !== 'MM')) return false;
  const read16 = (at: number): number => (order === 'II' ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const read32 = (at: number): number => (order === 'II' ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at));
  const page = read32(4);
  if (read16(2) !== 42 || page < 8 || page + 2 > tiff.length) return false;
  const end = page + 2 + read16(page) * 12;
  if (end > tiff.length) return false;
  for (let at = page + 2; at < end; at += 12) {
    if (read16(at) !== orientation) continue;
    if (read16(at + 2) !== short || read32(at + 4) !== 1 || read16(at + 8) !== 1) return false;
  }
  return true;
}
