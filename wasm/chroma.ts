// The planes of an image, and their chroma enlarged by triangles, as the common decoder of JPEG does it.

// How chroma lies beside luma: none, as large, half as wide, and half as wide and as high. src/image/files/jpeg-rows.ts says the same.
const gray = 0;
const halfAsWide = 2;
const quarter = 3;

export let lumaAt: usize = 0;
export let blueAt: usize = 0;
export let redAt: usize = 0;
/** Bytes of a row of luma, twice those of narrower chroma. */
export let stride: i32 = 0;
export let width: i32 = 0;
let sampling: i32 = gray;
/** Room for four rows of chroma as wide as the luma. */
export let roomAt: usize = 0;
let height: i32 = 0;
let sumsAt: usize = 0;

/** Takes the planes that rows are made of. `lumaStride` is a multiple of 32; at `scratch` lies room for six rows of the luma and 64 bytes. */
export function openPlanes(
  luma: usize,
  blue: usize,
  red: usize,
  lumaStride: i32,
  imageWidth: i32,
  imageHeight: i32,
  chroma: i32,
  scratch: usize,
): void {
  lumaAt = luma;
  blueAt = blue;
  redAt = red;
  stride = lumaStride;
  width = imageWidth;
  height = imageHeight;
  sampling = chroma;
  roomAt = scratch;
  sumsAt = scratch + (lumaStride << 2) + 16;
  if (chroma == gray) memory.fill(scratch, 128, lumaStride);
}

/** Where row `y` of chroma lies, as wide as the luma: in its plane, or made of that at `to`. */
export function chromaRow(plane: usize, y: i32, to: usize): usize {
  if (sampling == gray) return roomAt;
  if (sampling < halfAsWide) return plane + y * stride;
  const narrow = stride >> 1;
  const samples = (width + 1) >> 1;
  if (sampling == quarter) {
    const last = ((height + 1) >> 1) - 1;
    const other = min(max((y & 1) == 0 ? (y >> 1) - 1 : (y >> 1) + 1, 0), last);
    addRows(plane + (y >> 1) * narrow, plane + other * narrow, samples);
    doubleRow(samples, to, 8, 7, 4);
  } else {
    widenRow(plane + y * narrow, samples);
    doubleRow(samples, to, 1, 2, 2);
  }
  return to;
}

/** Adds neighbouring rows of chroma, 3 to 1: numbers of 16 bits, of which both ends are repeated once beyond. */
function addRows(near: usize, far: usize, samples: i32): void {
  const three = i16x8.splat(3);
  for (let x = 0; x < samples; x += 8) {
    const nearer = v128.load_zero<u64>(near + x);
    const farther = v128.load_zero<u64>(far + x);
    const sum = i16x8.add(i16x8.mul(i16x8.extend_low_i8x16_u(nearer), three), i16x8.extend_low_i8x16_u(farther));
    v128.store(sumsAt + (x << 1), sum);
  }
  repeatEnds(samples);
}

/** One row of chroma as numbers of 16 bits, of which both ends are repeated once beyond. */
function widenRow(from: usize, samples: i32): void {
  for (let x = 0; x < samples; x += 8) {
    v128.store(sumsAt + (x << 1), i16x8.extend_low_i8x16_u(v128.load_zero<u64>(from + x)));
  }
  repeatEnds(samples);
}

function repeatEnds(samples: i32): void {
  store<i16>(sumsAt - 2, load<i16>(sumsAt));
  store<i16>(sumsAt + (samples << 1), load<i16>(sumsAt + ((samples - 1) << 1)));
}

/** Doubles a row: each sum 3 to 1 with its left and its right neighbour, rounded by `even` and `odd` in turn, over 2^shift. */
function doubleRow(samples: i32, to: usize, even: i32, odd: i32, shift: i32): void {
  const three = i16x8.splat(3);
  const evenHalf = i16x8.splat(<i16>even);
  const oddHalf = i16x8.splat(<i16>odd);
  for (let x = 0; x < samples; x += 8) {
    const at = sumsAt + (x << 1);
    const here = i16x8.mul(v128.load(at), three);
    const left = i16x8.shr_u(i16x8.add(i16x8.add(here, v128.load(at - 2)), evenHalf), shift);
    const right = i16x8.shr_u(i16x8.add(i16x8.add(here, v128.load(at + 2)), oddHalf), shift);
    v128.store(to + (x << 1), v128.or(left, i16x8.shl(right, 8)));
  }
}
