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
  if (low == 0) {
    for (let y = 0; y < rows; y += 2, from += stride << 1, to += width * 12) {
      // A last row without another is done twice.
      const isLone = y + 1 == rows;
      resamplePair(from, isLone ? 0 : stride, width, starts, weights, taps, shift, isCut, to, isLone ? 0 : width * 6);
    }
    return;
  }
  const half = halfOf(shift);
  const zero = i32x4.splat(0);
  for (let y = 0; y < rows; y += 1, from += stride) {
    for (let x = 0, weight = 0; x < width; x += 1, to += 6, weight += taps << 1) {
      const at = from + load<i32>(starts + (x << 2)) * 3;
      const upper = i32x4.shl(sumPixels(at, weights + weight, taps, zero), 8);
      const sum = i32x4.shr_s(i32x4.add(upper, sumPixels(at, low + weight, taps, half)), shift);
      store<u64>(to, i64x2.extract_lane(narrow(sum, sum, isCut), 0));
    }
  }
}

function halfOf(shift: i32): v128 {
  return i32x4.splat(shift == 0 ? 0 : 1 << (shift - 1));
}

/** Two pixels of 32 bits as 16 bits. */
function narrow(first: v128, second: v128, isCut: bool): v128 {
  const both = i16x8.narrow_i32x4_s(first, second);
  const zero = i64x2.splat(0);
  return isCut ? i16x8.min_s(i16x8.max_s(both, zero), i16x8.splat(255)) : both;
}

/** Two rows at once: weights are loaded for both. In one piece, since a call for each pixel costs as much again. */
function resamplePair(
  from: usize,
  stride: i32,
  width: i32,
  starts: usize,
  weights: usize,
  taps: i32,
  shift: i32,
  isCut: bool,
  to: usize,
  apart: i32,
): void {
  const half = halfOf(shift);
  const step = taps << 1;
  // What is written behind the upper row is the lower one's first value.
  let first: u16 = 0;
  let at = to;
  for (let x = 0; x < width; x += 1, at += 6) {
    let place = from + load<i32>(starts + (x << 2)) * 3;
    const end = weights + step;
    let upper = half;
    let lower = half;
    for (; weights + 8 <= end; weights += 8, place += 12) {
      const above = v128.load(place);
      const below = v128.load(place + stride);
      const two = v128.load32_splat(weights);
      const next = v128.load32_splat(weights, 4);
      upper = i32x4.add(upper, i32x4.dot_i16x8_s(i8x16.swizzle(above, pairOfPixels), two));
      lower = i32x4.add(lower, i32x4.dot_i16x8_s(i8x16.swizzle(below, pairOfPixels), two));
      upper = i32x4.add(upper, i32x4.dot_i16x8_s(i8x16.swizzle(above, nextPair), next));
      lower = i32x4.add(lower, i32x4.dot_i16x8_s(i8x16.swizzle(below, nextPair), next));
    }
    if (weights < end) {
      const two = v128.load32_splat(weights);
      weights = end;
      upper = i32x4.add(upper, i32x4.dot_i16x8_s(i8x16.swizzle(v128.load_zero<u64>(place), pairOfPixels), two));
      lower = i32x4.add(
        lower,
        i32x4.dot_i16x8_s(i8x16.swizzle(v128.load_zero<u64>(place + stride), pairOfPixels), two),
      );
    }
    const both = narrow(i32x4.shr_s(upper, shift), i32x4.shr_s(lower, shift), isCut);
    store<u64>(at, i64x2.extract_lane(both, 0));
    store<u64>(at + apart, i64x2.extract_lane(both, 1));
    if (x == 0) first = load<u16>(to + apart);
  }
  store<u16>(to + apart, first);
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
