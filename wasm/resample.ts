// Weighted sums along rows and columns of RGB pixels. The caller gives the weights, as whole numbers of 16 bits of which 2^shift is one,
// and for each new pixel the first of the old ones that it is made of. `taps` is even; weights beyond the last are 0.

/** Four bytes of RGB pixels beside each other become pairs of 16 bits by channel. */
const pairOfPixels = i8x16(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1);
const nextPair = i8x16(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);

/** The weighted sum of pixels from `at` on; `taps` weights. */
function sumPixels(at: usize, weight: usize, taps: i32, start: v128): v128 {
  const end = weight + (taps << 1);
  let sum = start;
  while (weight + 8 <= end) {
    const pixels = v128.load(at);
    sum = i32x4.add(sum, i32x4.dot_i16x8_s(i8x16.swizzle(pixels, pairOfPixels), v128.load32_splat(weight)));
    sum = i32x4.add(sum, i32x4.dot_i16x8_s(i8x16.swizzle(pixels, nextPair), v128.load32_splat(weight, 4)));
    weight += 8;
    at += 12;
  }
  if (weight < end) {
    const pixels = v128.load_zero<u64>(at);
    sum = i32x4.add(sum, i32x4.dot_i16x8_s(i8x16.swizzle(pixels, pairOfPixels), v128.load32_splat(weight)));
  }
  return sum;
}

/**
 * Rows of bytes to rows of 16 bits. Sums are rounded and shifted down; `isCut` cuts them to 0 to 255. `low`, where it is not 0, has the
 * lower 8 bits of the weights. The last pixels of a row may be read beyond it, and what comes behind a row may be written.
 */
export function resampleRows(
  from: usize,
  stride: i32,
  rows: i32,
  width: i32,
  starts: usize,
  weights: usize,
  low: usize,
  taps: i32,
  shift: i32,
  isCut: bool,
  to: usize,
): void {
  const half = i32x4.splat(shift == 0 ? 0 : 1 << (shift - 1));
  const zero = i32x4.splat(0);
  const step = taps << 1;
  for (let y = 0; y < rows; y += 1, from += stride) {
    let weight = 0;
    for (let x = 0; x < width; x += 1, to += 6, weight += step) {
      const at = from + load<i32>(starts + (x << 2)) * 3;
      let sum = half;
      if (low == 0) {
        // The common way, in one piece: a call for each pixel costs as much again.
        let place = at;
        let tap = weights + weight;
        const end = tap + step;
        for (; tap + 8 <= end; tap += 8, place += 12) {
          const pixels = v128.load(place);
          sum = i32x4.add(sum, i32x4.dot_i16x8_s(i8x16.swizzle(pixels, pairOfPixels), v128.load32_splat(tap)));
          sum = i32x4.add(sum, i32x4.dot_i16x8_s(i8x16.swizzle(pixels, nextPair), v128.load32_splat(tap, 4)));
        }
        if (tap < end) {
          const pixels = v128.load_zero<u64>(place);
          sum = i32x4.add(sum, i32x4.dot_i16x8_s(i8x16.swizzle(pixels, pairOfPixels), v128.load32_splat(tap)));
        }
      } else {
        sum = i32x4.shl(sumPixels(at, weights + weight, taps, zero), 8);
        sum = i32x4.add(sum, sumPixels(at, low + weight, taps, half));
      }
      sum = i32x4.shr_s(sum, shift);
      let narrow = i16x8.narrow_i32x4_s(sum, sum);
      if (isCut) narrow = i16x8.extend_low_i8x16_u(i8x16.narrow_i16x8_u(narrow, narrow));
      store<u64>(to, i64x2.extract_lane(narrow, 0));
    }
  }
}

/** Columns of 16 bits to bytes, `length` a row; `low` as above. What comes behind a row may be written. */
export function resampleColumns(
  from: usize,
  length: i32,
  rows: i32,
  starts: usize,
  weights: usize,
  low: usize,
  taps: i32,
  shift: i32,
  to: usize,
): void {
  const half = i32x4.splat(1 << (shift - 1));
  const zero = i32x4.splat(0);
  const stride = length << 1;
  for (let y = 0, weight = 0; y < rows; y += 1, to += length, weight += taps << 1) {
    const top = from + load<i32>(starts + (y << 2)) * stride;
    for (let x = 0; x < length; x += 8) {
      let first = low == 0 ? half : zero;
      let last = first;
      for (let tap = 0, at = top + (x << 1); tap < taps; tap += 2, at += stride << 1) {
        const above = v128.load(at);
        const below = v128.load(at + stride);
        const both = v128.load32_splat(weights + weight + (tap << 1));
        first = i32x4.add(first, i32x4.dot_i16x8_s(v128.shuffle<i16>(above, below, 0, 8, 1, 9, 2, 10, 3, 11), both));
        last = i32x4.add(last, i32x4.dot_i16x8_s(v128.shuffle<i16>(above, below, 4, 12, 5, 13, 6, 14, 7, 15), both));
      }
      if (low != 0) {
        first = i32x4.add(i32x4.shl(first, 8), half);
        last = i32x4.add(i32x4.shl(last, 8), half);
        for (let tap = 0, at = top + (x << 1); tap < taps; tap += 2, at += stride << 1) {
          const above = v128.load(at);
          const below = v128.load(at + stride);
          const both = v128.load32_splat(low + weight + (tap << 1));
          first = i32x4.add(first, i32x4.dot_i16x8_s(v128.shuffle<i16>(above, below, 0, 8, 1, 9, 2, 10, 3, 11), both));
          last = i32x4.add(last, i32x4.dot_i16x8_s(v128.shuffle<i16>(above, below, 4, 12, 5, 13, 6, 14, 7, 15), both));
        }
      }
      const narrow = i16x8.narrow_i32x4_s(i32x4.shr_s(first, shift), i32x4.shr_s(last, shift));
      store<u64>(to + x, i64x2.extract_lane(i8x16.narrow_i16x8_u(narrow, narrow), 0));
    }
  }
}
