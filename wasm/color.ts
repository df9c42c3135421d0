// Planes of Y, Cb and Cr to RGB: the colours of JFIF in 16-bit fixed point, and chroma enlarged by triangles, as the common decoder of
// JPEG has both.

/** Adds neighbouring rows of chroma, 3 to 1: `width` numbers of 16 bits, of which both ends are repeated once beyond. */
function addRows(near: usize, far: usize, width: i32, to: usize): void {
  const three = i16x8.splat(3);
  for (let x = 0; x < width; x += 8) {
    const nearer = v128.load_zero<u64>(near + x);
    const farther = v128.load_zero<u64>(far + x);
    const sum = i16x8.add(i16x8.mul(i16x8.extend_low_i8x16_u(nearer), three), i16x8.extend_low_i8x16_u(farther));
    v128.store(to + (x << 1), sum);
  }
  repeatEnds(to, width);
}

/** One row of chroma as numbers of 16 bits, of which both ends are repeated once beyond. */
function widenRow(from: usize, width: i32, to: usize): void {
  for (let x = 0; x < width; x += 8) {
    v128.store(to + (x << 1), i16x8.extend_low_i8x16_u(v128.load_zero<u64>(from + x)));
  }
  repeatEnds(to, width);
}

function repeatEnds(row: usize, width: i32): void {
  store<i16>(row - 2, load<i16>(row));
  store<i16>(row + (width << 1), load<i16>(row + ((width - 1) << 1)));
}

/** Doubles a row: each sample 3 to 1 with its left and its right neighbour, rounded by `even` and `odd` in turn, over 2^shift. */
function doubleRow(from: usize, width: i32, to: usize, even: i32, odd: i32, shift: i32): void {
  const three = i16x8.splat(3);
  const evenHalf = i16x8.splat(<i16>even);
  const oddHalf = i16x8.splat(<i16>odd);
  for (let x = 0; x < width; x += 8) {
    const at = from + (x << 1);
    const here = i16x8.mul(v128.load(at), three);
    const left = i16x8.shr_u(i16x8.add(i16x8.add(here, v128.load(at - 2)), evenHalf), shift);
    const right = i16x8.shr_u(i16x8.add(i16x8.add(here, v128.load(at + 2)), oddHalf), shift);
    v128.store(to + (x << 1), v128.or(left, i16x8.shl(right, 8)));
  }
}

function pair(first: i32, second: i32): v128 {
  return i32x4.splat((first & 0xffff) | (second << 16));
}

/** (`a` * x + `b` * y + 0.5) in 16-bit fixed point, of 8 numbers each, rounded down. */
function weigh(x: v128, y: v128, factors: v128, half: v128): v128 {
  const first = i32x4.dot_i16x8_s(v128.shuffle<i16>(x, y, 0, 8, 1, 9, 2, 10, 3, 11), factors);
  const last = i32x4.dot_i16x8_s(v128.shuffle<i16>(x, y, 4, 12, 5, 13, 6, 14, 7, 15), factors);
  return i16x8.narrow_i32x4_s(i32x4.shr_s(i32x4.add(first, half), 16), i32x4.shr_s(i32x4.add(last, half), 16));
}

/** 16 pixels a step; the last step may write beyond the row. */
function writeColors(luma: usize, blue: usize, red: usize, width: i32, to: usize): void {
  const middle = i16x8.splat(128);
  const half = i32x4.splat(32768);
  const zero = i64x2.splat(0);
  // 2 x 16384 is half of one.
  const two = i16x8.splat(2);
  for (let x = 0; x < width; x += 16, to += 48) {
    const ys = v128.load(luma + x);
    const cbs = v128.load(blue + x);
    const crs = v128.load(red + x);
    let y = i16x8.extend_low_i8x16_u(ys);
    let cb = i16x8.sub(i16x8.extend_low_i8x16_u(cbs), middle);
    let cr = i16x8.sub(i16x8.extend_low_i8x16_u(crs), middle);
    const r0 = i16x8.add(i16x8.add(y, cr), weigh(cr, two, pair(26345, 16384), zero));
    const g0 = i16x8.add(i16x8.sub(y, cr), weigh(cb, cr, pair(-22554, 18734), half));
    const b0 = i16x8.add(i16x8.add(y, i16x8.shl(cb, 1)), weigh(cb, two, pair(-14942, 16384), zero));
    y = i16x8.extend_high_i8x16_u(ys);
    cb = i16x8.sub(i16x8.extend_high_i8x16_u(cbs), middle);
    cr = i16x8.sub(i16x8.extend_high_i8x16_u(crs), middle);
    const r1 = i16x8.add(i16x8.add(y, cr), weigh(cr, two, pair(26345, 16384), zero));
    const g1 = i16x8.add(i16x8.sub(y, cr), weigh(cb, cr, pair(-22554, 18734), half));
    const b1 = i16x8.add(i16x8.add(y, i16x8.shl(cb, 1)), weigh(cb, two, pair(-14942, 16384), zero));
    interleave(i8x16.narrow_i16x8_u(r0, r1), i8x16.narrow_i16x8_u(g0, g1), i8x16.narrow_i16x8_u(b0, b1), to);
  }
}

/** 16 pixels of three planes, pixel by pixel. */
function interleave(r: v128, g: v128, b: v128, to: usize): void {
  const rg0 = v128.shuffle<u8>(r, g, 0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5);
  const rg1 = v128.shuffle<u8>(r, g, 21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26);
  const rg2 = v128.shuffle<u8>(r, g, 0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0);
  v128.store(to, v128.shuffle<u8>(rg0, b, 0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15));
  v128.store(to, v128.shuffle<u8>(rg1, b, 0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15), 16);
  v128.store(to, v128.shuffle<u8>(rg2, b, 26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31), 32);
}

/** Rows of RGB from planes of equal size. */
export function colorsOf444(
  luma: usize,
  blue: usize,
  red: usize,
  stride: i32,
  width: i32,
  first: i32,
  rows: i32,
  to: usize,
): void {
  for (let y = first; y < first + rows; y += 1, to += width * 3) {
    writeColors(luma + y * stride, blue + y * stride, red + y * stride, width, to);
  }
}

/**
 * Rows of RGB from planes of which the chroma is half as wide, and where `isHalfHigh` half as high. `stride` is that of the luma, twice
 * that of the chroma; at `scratch` lies room for four rows of the luma and 64 bytes.
 */
export function colorsOfHalf(
  luma: usize,
  blue: usize,
  red: usize,
  stride: i32,
  width: i32,
  height: i32,
  isHalfHigh: bool,
  first: i32,
  rows: i32,
  to: usize,
  scratch: usize,
): void {
  const chromaStride = stride >> 1;
  const chromaWidth = (width + 1) >> 1;
  const last = ((height + 1) >> 1) - 1;
  const sums = scratch + 16;
  const blueRow = sums + (stride << 1) + 32;
  const redRow = blueRow + stride;
  for (let y = first; y < first + rows; y += 1, to += width * 3) {
    if (isHalfHigh) {
      const near = (y >> 1) * chromaStride;
      const far = min(max((y & 1) == 0 ? (y >> 1) - 1 : (y >> 1) + 1, 0), last) * chromaStride;
      addRows(blue + near, blue + far, chromaWidth, sums);
      doubleRow(sums, chromaWidth, blueRow, 8, 7, 4);
      addRows(red + near, red + far, chromaWidth, sums);
      doubleRow(sums, chromaWidth, redRow, 8, 7, 4);
    } else {
      widenRow(blue + y * chromaStride, chromaWidth, sums);
      doubleRow(sums, chromaWidth, blueRow, 1, 2, 2);
      widenRow(red + y * chromaStride, chromaWidth, sums);
      doubleRow(sums, chromaWidth, redRow, 1, 2, 2);
    }
    writeColors(luma + y * stride, blueRow, redRow, width, to);
  }
}

/** Rows of RGB from a plane of gray. */
export function colorsOfGray(luma: usize, stride: i32, width: i32, first: i32, rows: i32, to: usize): void {
  for (let y = first; y < first + rows; y += 1, to += width * 3) {
    for (let x = 0, at = to; x < width; x += 16, at += 48) {
      const gray = v128.load(luma + y * stride + x);
      interleave(gray, gray, gray, at);
    }
  }
}
