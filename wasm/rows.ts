// Rows of RGB from the planes of an image. What comes behind the last row may be written.
import { blueAt, chromaRow, lumaAt, redAt, roomAt, stride, width } from './chroma';
import { bluesOf, greensOf, interleave, redsOf } from './color';

/** Writes rows `first` to `first + rows`. */
export function writeRows(first: i32, rows: i32, to: usize): void {
  for (let y = first; y < first + rows; y += 1, to += width * 3) {
    const luma = lumaAt + y * stride;
    const blue = chromaRow(blueAt, y, roomAt);
    const red = chromaRow(redAt, y, roomAt + stride);
    for (let x = 0, at = to; x < width; x += 16, at += 48) {
      const ys = v128.load(luma + x);
      const cb = v128.load(blue + x);
      const cr = v128.load(red + x);
      interleave(redsOf(ys, cr), greensOf(ys, cb, cr), bluesOf(ys, cb), at);
    }
  }
}

/** Four pixels as one, of 16 beside each other and the 16 below: 8 numbers of 16 bits. */
function halve(above: v128, below: v128): v128 {
  const sum = i16x8.add(i16x8.extadd_pairwise_i8x16_u(above), i16x8.extadd_pairwise_i8x16_u(below));
  return i16x8.shr_u(i16x8.add(sum, i16x8.splat(2)), 2);
}

/** Writes rows of the image at half its size, which is even: each pixel the mean of four, rounded up at halves. */
export function writeHalvedRows(first: i32, rows: i32, to: usize): void {
  // Eight pixels of each colour, until the next eight are there.
  let reds = i64x2.splat(0);
  let greens = reds;
  let blues = reds;
  for (let y = first << 1; y < (first + rows) << 1; y += 2, to += (width >> 1) * 3) {
    const luma = lumaAt + y * stride;
    const blue = chromaRow(blueAt, y, roomAt);
    const red = chromaRow(redAt, y, roomAt + stride);
    const nextBlue = chromaRow(blueAt, y + 1, roomAt + 2 * stride);
    const nextRed = chromaRow(redAt, y + 1, roomAt + 3 * stride);
    // Rows of planes are 32 samples wide, or a multiple of that.
    for (let x = 0, at = to; x < width; x += 16) {
      const ys = v128.load(luma + x);
      const cb = v128.load(blue + x);
      const cr = v128.load(red + x);
      const below = v128.load(luma + x + stride);
      const cbBelow = v128.load(nextBlue + x);
      const crBelow = v128.load(nextRed + x);
      const r = halve(redsOf(ys, cr), redsOf(below, crBelow));
      const g = halve(greensOf(ys, cb, cr), greensOf(below, cbBelow, crBelow));
      const b = halve(bluesOf(ys, cb), bluesOf(below, cbBelow));
      if ((x & 16) == 0) {
        reds = r;
        greens = g;
        blues = b;
        if (x + 16 < width) continue;
      }
      interleave(i8x16.narrow_i16x8_u(reds, r), i8x16.narrow_i16x8_u(greens, g), i8x16.narrow_i16x8_u(blues, b), at);
      at += 48;
    }
  }
}
