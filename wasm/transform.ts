// The accurate integer transform of the common decoder of JPEG, from coefficients to samples.
import { blockAt } from './layout';

/** Two numbers of 16 bits in every lane of 32. */
function pair(first: i32, second: i32): v128 {
  return i32x4.splat((first & 0xffff) | (second << 16));
}

function low(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

function high(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

function shrink(a: v128, b: v128, shift: i32): v128 {
  return i16x8.narrow_i32x4_s(i32x4.shr_s(a, shift), i32x4.shr_s(b, shift));
}

/** One pass over the 8 columns at blockAt, in place. Sums of 32 bits: `l` of the first four columns, `h` of the last. */
function transformColumns(shift: i32): void {
  const half = i32x4.splat(1 << (shift - 1));
  const r0 = v128.load(blockAt);
  const r1 = v128.load(blockAt, 16);
  const r2 = v128.load(blockAt, 32);
  const r3 = v128.load(blockAt, 48);
  const r4 = v128.load(blockAt, 64);
  const r5 = v128.load(blockAt, 80);
  const r6 = v128.load(blockAt, 96);
  const r7 = v128.load(blockAt, 112);
  const z3 = i16x8.add(r7, r3);
  const z4 = i16x8.add(r5, r1);
  let a = low(r0, r4);
  let b = low(r2, r6);
  let even0 = i32x4.add(i32x4.dot_i16x8_s(a, pair(8192, 8192)), half);
  let even1 = i32x4.add(i32x4.dot_i16x8_s(a, pair(8192, -8192)), half);
  let even2 = i32x4.dot_i16x8_s(b, pair(4433, -10704));
  let even3 = i32x4.dot_i16x8_s(b, pair(10703, 4433));
  const ls0 = i32x4.add(even0, even3);
  const ls3 = i32x4.sub(even0, even3);
  const ls1 = i32x4.add(even1, even2);
  const ls2 = i32x4.sub(even1, even2);
  a = high(r0, r4);
  b = high(r2, r6);
  even0 = i32x4.add(i32x4.dot_i16x8_s(a, pair(8192, 8192)), half);
  even1 = i32x4.add(i32x4.dot_i16x8_s(a, pair(8192, -8192)), half);
  even2 = i32x4.dot_i16x8_s(b, pair(4433, -10704));
  even3 = i32x4.dot_i16x8_s(b, pair(10703, 4433));
  const hs0 = i32x4.add(even0, even3);
  const hs3 = i32x4.sub(even0, even3);
  const hs1 = i32x4.add(even1, even2);
  const hs2 = i32x4.sub(even1, even2);
  a = low(z3, z4);
  let sum3 = i32x4.dot_i16x8_s(a, pair(-6436, 9633));
  let sum4 = i32x4.dot_i16x8_s(a, pair(9633, 6437));
  a = low(r7, r1);
  b = low(r5, r3);
  const lo0 = i32x4.add(i32x4.dot_i16x8_s(a, pair(-4927, -7373)), sum3);
  const lo3 = i32x4.add(i32x4.dot_i16x8_s(a, pair(-7373, 4926)), sum4);
  const lo1 = i32x4.add(i32x4.dot_i16x8_s(b, pair(-4176, -20995)), sum4);
  const lo2 = i32x4.add(i32x4.dot_i16x8_s(b, pair(-20995, 4177)), sum3);
  a = high(z3, z4);
  sum3 = i32x4.dot_i16x8_s(a, pair(-6436, 9633));
  sum4 = i32x4.dot_i16x8_s(a, pair(9633, 6437));
  a = high(r7, r1);
  b = high(r5, r3);
  const ho0 = i32x4.add(i32x4.dot_i16x8_s(a, pair(-4927, -7373)), sum3);
  const ho3 = i32x4.add(i32x4.dot_i16x8_s(a, pair(-7373, 4926)), sum4);
  const ho1 = i32x4.add(i32x4.dot_i16x8_s(b, pair(-4176, -20995)), sum4);
  const ho2 = i32x4.add(i32x4.dot_i16x8_s(b, pair(-20995, 4177)), sum3);
  v128.store(blockAt, shrink(i32x4.add(ls0, lo3), i32x4.add(hs0, ho3), shift));
  v128.store(blockAt, shrink(i32x4.add(ls1, lo2), i32x4.add(hs1, ho2), shift), 16);
  v128.store(blockAt, shrink(i32x4.add(ls2, lo1), i32x4.add(hs2, ho1), shift), 32);
  v128.store(blockAt, shrink(i32x4.add(ls3, lo0), i32x4.add(hs3, ho0), shift), 48);
  v128.store(blockAt, shrink(i32x4.sub(ls3, lo0), i32x4.sub(hs3, ho0), shift), 64);
  v128.store(blockAt, shrink(i32x4.sub(ls2, lo1), i32x4.sub(hs2, ho1), shift), 80);
  v128.store(blockAt, shrink(i32x4.sub(ls1, lo2), i32x4.sub(hs1, ho2), shift), 96);
  v128.store(blockAt, shrink(i32x4.sub(ls0, lo3), i32x4.sub(hs0, ho3), shift), 112);
}

/** Swaps rows and columns at blockAt. */
function transpose(): void {
  const r0 = v128.load(blockAt);
  const r1 = v128.load(blockAt, 16);
  const r2 = v128.load(blockAt, 32);
  const r3 = v128.load(blockAt, 48);
  const r4 = v128.load(blockAt, 64);
  const r5 = v128.load(blockAt, 80);
  const r6 = v128.load(blockAt, 96);
  const r7 = v128.load(blockAt, 112);
  const a0 = low(r0, r4);
  const a1 = high(r0, r4);
  const a2 = low(r1, r5);
  const a3 = high(r1, r5);
  const a4 = low(r2, r6);
  const a5 = high(r2, r6);
  const a6 = low(r3, r7);
  const a7 = high(r3, r7);
  const b0 = low(a0, a4);
  const b1 = high(a0, a4);
  const b2 = low(a1, a5);
  const b3 = high(a1, a5);
  const b4 = low(a2, a6);
  const b5 = high(a2, a6);
  const b6 = low(a3, a7);
  const b7 = high(a3, a7);
  v128.store(blockAt, low(b0, b4));
  v128.store(blockAt, high(b0, b4), 16);
  v128.store(blockAt, low(b1, b5), 32);
  v128.store(blockAt, high(b1, b5), 48);
  v128.store(blockAt, low(b2, b6), 64);
  v128.store(blockAt, high(b2, b6), 80);
  v128.store(blockAt, low(b3, b7), 96);
  v128.store(blockAt, high(b3, b7), 112);
}

/** Two columns that lie at blockAt as rows, four apart, as bytes that stand for samples less 128. */
function columns(first: usize): v128 {
  return i8x16.narrow_i16x8_s(v128.load(blockAt + (first << 4)), v128.load(blockAt + (first << 4) + 64));
}

function lowBytes(a: v128, b: v128): v128 {
  return v128.shuffle<i8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

function highBytes(a: v128, b: v128): v128 {
  return v128.shuffle<i8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/** Two rows of samples. */
function writePair(less128: v128, to: usize, stride: i32): void {
  const samples = v128.xor(less128, i8x16.splat(-128));
  store<u64>(to, i64x2.extract_lane(samples, 0));
  store<u64>(to + stride, i64x2.extract_lane(samples, 1));
}

/** The block at blockAt as 8 x 8 samples. */
export function writeBlock(to: usize, stride: i32, isFlat: bool): void {
  if (isFlat) {
    const level = ((<i32>load<i16>(blockAt) + 4) >> 3) + 128;
    const sample = u64(min(max(level, 0), 255)) * 0x0101010101010101;
    for (let row = 0; row < 8; row += 1, to += stride) store<u64>(to, sample);
    return;
  }
  transformColumns(11);
  transpose();
  transformColumns(18);
  const c04 = columns(0);
  const c15 = columns(1);
  const c26 = columns(2);
  const c37 = columns(3);
  const c02 = lowBytes(c04, c26);
  const c13 = lowBytes(c15, c37);
  const c46 = highBytes(c04, c26);
  const c57 = highBytes(c15, c37);
  const left0 = lowBytes(c02, c13);
  const left4 = highBytes(c02, c13);
  const right0 = lowBytes(c46, c57);
  const right4 = highBytes(c46, c57);
  writePair(v128.shuffle<i32>(left0, right0, 0, 4, 1, 5), to, stride);
  writePair(v128.shuffle<i32>(left0, right0, 2, 6, 3, 7), to + (stride << 1), stride);
  writePair(v128.shuffle<i32>(left4, right4, 0, 4, 1, 5), to + (stride << 2), stride);
  writePair(v128.shuffle<i32>(left4, right4, 2, 6, 3, 7), to + stride * 6, stride);
}
