// The colours of JFIF, from Y, Cb and Cr to RGB, in fixed point as the common decoder of JPEG has them: of 16 pixels side by side.
// For every chroma the products of 15 bits here round as those of 16 bits do, 26345 and -14942.

function lowOf(chroma: v128): v128 {
  return i16x8.sub(i16x8.extend_low_i8x16_u(chroma), i16x8.splat(128));
}

function highOf(chroma: v128): v128 {
  return i16x8.sub(i16x8.extend_high_i8x16_u(chroma), i16x8.splat(128));
}

function red(y: v128, cr: v128): v128 {
  return i16x8.add(i16x8.add(y, cr), i16x8.q15mulr_sat_s(cr, i16x8.splat(13173)));
}

export function redsOf(luma: v128, cr: v128): v128 {
  const low = red(i16x8.extend_low_i8x16_u(luma), lowOf(cr));
  return i8x16.narrow_i16x8_u(low, red(i16x8.extend_high_i8x16_u(luma), highOf(cr)));
}

function blue(y: v128, cb: v128): v128 {
  return i16x8.add(i16x8.add(y, i16x8.shl(cb, 1)), i16x8.q15mulr_sat_s(cb, i16x8.splat(-7471)));
}

export function bluesOf(luma: v128, cb: v128): v128 {
  const low = blue(i16x8.extend_low_i8x16_u(luma), lowOf(cb));
  return i8x16.narrow_i16x8_u(low, blue(i16x8.extend_high_i8x16_u(luma), highOf(cb)));
}

/** Both products are added before they are rounded. */
function green(y: v128, cb: v128, cr: v128): v128 {
  const factors = i32x4.splat((-22554 & 0xffff) | (18734 << 16));
  const half = i32x4.splat(32768);
  const first = i32x4.dot_i16x8_s(v128.shuffle<i16>(cb, cr, 0, 8, 1, 9, 2, 10, 3, 11), factors);
  const last = i32x4.dot_i16x8_s(v128.shuffle<i16>(cb, cr, 4, 12, 5, 13, 6, 14, 7, 15), factors);
  const both = i16x8.narrow_i32x4_s(i32x4.shr_s(i32x4.add(first, half), 16), i32x4.shr_s(i32x4.add(last, half), 16));
  return i16x8.add(i16x8.sub(y, cr), both);
}

export function greensOf(luma: v128, cb: v128, cr: v128): v128 {
  const low = green(i16x8.extend_low_i8x16_u(luma), lowOf(cb), lowOf(cr));
  return i8x16.narrow_i16x8_u(low, green(i16x8.extend_high_i8x16_u(luma), highOf(cb), highOf(cr)));
}

/** 16 pixels of three colours, pixel by pixel. */
export function interleave(r: v128, g: v128, b: v128, to: usize): void {
  const rg0 = v128.shuffle<u8>(r, g, 0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5);
  const rg1 = v128.shuffle<u8>(r, g, 21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26);
  const rg2 = v128.shuffle<u8>(r, g, 0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0);
  v128.store(to, v128.shuffle<u8>(rg0, b, 0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15));
  v128.store(to, v128.shuffle<u8>(rg1, b, 0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15), 16);
  v128.store(to, v128.shuffle<u8>(rg2, b, 26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31), 32);
}
