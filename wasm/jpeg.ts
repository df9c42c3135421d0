// Baseline JPEG (ITU-T T.81): entropy-coded bytes to planes of samples. The caller reads the headers and lays out memory;
// see layout.ts. Whatever is not as a good file has it ends with 0, and the caller takes another decoder.
import {
  blockAt,
  componentBytes,
  componentsAt,
  huffmanAt,
  huffmanBytes,
  lookupBits,
  naturalAt,
  wideAt,
} from './layout';

// The bit reader: `buffer` holds `count` bits at its upper end, the last `padding` of which are no bits of the file.
let position: usize = 0;
let end: usize = 0;
let buffer: u64 = 0;
let count: i32 = 0;
let padding: i32 = 0;

/** Fills the buffer byte by byte: over stuffed zeros, and with zeros beyond a marker or the end. */
function refill(): void {
  while (count <= 56) {
    let byte: u64 = 0;
    if (position < end) byte = load<u8>(position);
    if (position >= end || (byte == 0xff && (position + 1 >= end || load<u8>(position + 1) != 0))) {
      padding += 8;
      byte = 0;
    } else {
      position += byte == 0xff ? 2 : 1;
    }
    buffer |= byte << (56 - count);
    count += 8;
  }
}

/** Whether one of four bytes is 0xff. */
function hasFf(word: u32): bool {
  return ((~word - 0x01010101) & word & 0x80808080) != 0;
}

/** A code longer than the lookup's: its length << 8 | symbol, 0 where there is none. */
function longCode(table: usize, bits: u64): i32 {
  const limits = table + (2 << lookupBits);
  for (let length = lookupBits + 1; length <= 16; length += 1) {
    const code = i32(bits >> (64 - length));
    const at = limits + ((length - 1) << 3);
    if (code <= load<i32>(at)) return (length << 8) | load<u8>(limits + 128 + ((code + load<i32>(at, 4)) & 255));
  }
  return 0;
}

/**
 * Makes a table from its 16 counts and its symbols at `source`: for each beginning of a code its length << 8 | symbol, then for each
 * length its largest code and what leads from a code to its symbol, then the symbols. 0: no code can be made of them.
 */
export function buildHuffman(index: i32, source: usize): i32 {
  const table = huffmanAt + index * huffmanBytes;
  const limits = table + (2 << lookupBits);
  memory.fill(table, 0, 2 << lookupBits);
  memory.copy(limits + 128, source + 16, 256);
  let code = 0;
  let symbol = 0;
  for (let length = 1; length <= 16; length += 1) {
    const codes = <i32>load<u8>(source + length - 1);
    const at = limits + ((length - 1) << 3);
    store<i32>(at, symbol - code, 4);
    for (let n = 0; n < codes; n += 1, code += 1, symbol += 1) {
      if (length > lookupBits) continue;
      const entry = (length << 8) | load<u8>(source + 16 + symbol);
      const spread = lookupBits - length;
      for (let fill = 0; fill < 1 << spread; fill += 1) {
        const slot = (code << spread) + fill;
        if (slot < 1 << lookupBits) store<u16>(table + (slot << 1), entry);
      }
    }
    // All ones is no code.
    if (code >= 1 << length) return 0;
    store<i32>(at, codes == 0 ? -1 : code - 1);
    code <<= 1;
  }
  return 1;
}

/** Reads one block's coefficients, dequantised, to blockAt. 0: bad codes; 1: there is only a DC; 2: there is more. */
function readBlock(component: usize): i32 {
  const quantisers = <usize>load<i32>(component, 16);
  const acTable = <usize>load<i32>(component, 24);
  let at = position;
  let bits = buffer;
  let left = count;
  for (let row = 0; row < 128; row += 16) v128.store(blockAt + row, i64x2.splat(0));
  let table = <usize>load<i32>(component, 20);
  let k = 0;
  let kind = 1;
  do {
    if (left < 32) {
      const word = bswap(load<u32>(at));
      if (at + 4 <= end && !hasFf(word)) {
        bits |= u64(word) << (32 - left);
        left += 32;
        at += 4;
      } else {
        position = at;
        buffer = bits;
        count = left;
        refill();
        at = position;
        bits = buffer;
        left = count;
      }
    }
    let entry = <i32>load<u16>(table + (usize(bits >> (64 - lookupBits)) << 1));
    if (entry == 0) {
      entry = longCode(table, bits);
      if (entry == 0) return 0;
    }
    const length = entry >> 8;
    bits <<= length;
    left -= length;
    const size = entry & 15;
    const run = (entry >> 4) & 15;
    let value = 0;
    if (size != 0) {
      value = i32(bits >> (64 - size));
      value -= ((value >> (size - 1)) - 1) & ((1 << size) - 1);
      bits <<= size;
      left -= size;
    }
    if (k == 0) {
      if (run != 0) return 0;
      value += load<i32>(component, 28);
      store<i32>(component, value, 28);
      store<i16>(blockAt, value * <i32>load<u16>(quantisers));
      table = acTable;
      k = 1;
    } else if (size == 0) {
      if (run != 15) break;
      k += 16;
    } else {
      k += run;
      if (k > 63) return 0;
      store<i16>(blockAt + ((<usize>load<u8>(naturalAt + k)) << 1), value * <i32>load<u16>(quantisers + (k << 1)));
      k += 1;
      kind = 2;
    }
  } while (k < 64);
  position = at;
  buffer = bits;
  count = left;
  return kind;
}

/** Two numbers of 16 bits in every lane of 32. */
function pair(first: i32, second: i32): v128 {
  return i32x4.splat((first & 0xffff) | (second << 16));
}

/** Four columns (or rows) of the accurate integer transform; pairs of inputs lie in each lane. Writes 8 x 4 sums, 32 bytes apart. */
function transform(e04: v128, e26: v128, o71: v128, o53: v128, z34: v128, shift: i32, to: usize): void {
  const half = i32x4.splat(1 << (shift - 1));
  const even0 = i32x4.add(i32x4.dot_i16x8_s(e04, pair(8192, 8192)), half);
  const even1 = i32x4.add(i32x4.dot_i16x8_s(e04, pair(8192, -8192)), half);
  const even2 = i32x4.dot_i16x8_s(e26, pair(4433, -10704));
  const even3 = i32x4.dot_i16x8_s(e26, pair(10703, 4433));
  const z3 = i32x4.dot_i16x8_s(z34, pair(-6436, 9633));
  const z4 = i32x4.dot_i16x8_s(z34, pair(9633, 6437));
  const odd0 = i32x4.add(i32x4.dot_i16x8_s(o71, pair(-4927, -7373)), z3);
  const odd3 = i32x4.add(i32x4.dot_i16x8_s(o71, pair(-7373, 4926)), z4);
  const odd1 = i32x4.add(i32x4.dot_i16x8_s(o53, pair(-4176, -20995)), z4);
  const odd2 = i32x4.add(i32x4.dot_i16x8_s(o53, pair(-20995, 4177)), z3);
  const sum0 = i32x4.add(even0, even3);
  const sum3 = i32x4.sub(even0, even3);
  const sum1 = i32x4.add(even1, even2);
  const sum2 = i32x4.sub(even1, even2);
  v128.store(to, i32x4.shr_s(i32x4.add(sum0, odd3), shift));
  v128.store(to, i32x4.shr_s(i32x4.add(sum1, odd2), shift), 32);
  v128.store(to, i32x4.shr_s(i32x4.add(sum2, odd1), shift), 64);
  v128.store(to, i32x4.shr_s(i32x4.add(sum3, odd0), shift), 96);
  v128.store(to, i32x4.shr_s(i32x4.sub(sum3, odd0), shift), 128);
  v128.store(to, i32x4.shr_s(i32x4.sub(sum2, odd1), shift), 160);
  v128.store(to, i32x4.shr_s(i32x4.sub(sum1, odd2), shift), 192);
  v128.store(to, i32x4.shr_s(i32x4.sub(sum0, odd3), shift), 224);
}

/** One pass of the transform over the 8 columns at blockAt, in place. */
function transformColumns(shift: i32): void {
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
  transform(low(r0, r4), low(r2, r6), low(r7, r1), low(r5, r3), low(z3, z4), shift, wideAt);
  transform(high(r0, r4), high(r2, r6), high(r7, r1), high(r5, r3), high(z3, z4), shift, wideAt + 16);
  for (let n: usize = 0; n < 8; n += 1) {
    const wide = wideAt + (n << 5);
    v128.store(blockAt + (n << 4), i16x8.narrow_i32x4_s(v128.load(wide), v128.load(wide, 16)));
  }
}

function low(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

function high(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

/** Swaps rows and columns at blockAt. */
function transpose(): void {
  const a0 = low(v128.load(blockAt), v128.load(blockAt, 64));
  const a1 = high(v128.load(blockAt), v128.load(blockAt, 64));
  const a2 = low(v128.load(blockAt, 16), v128.load(blockAt, 80));
  const a3 = high(v128.load(blockAt, 16), v128.load(blockAt, 80));
  const a4 = low(v128.load(blockAt, 32), v128.load(blockAt, 96));
  const a5 = high(v128.load(blockAt, 32), v128.load(blockAt, 96));
  const a6 = low(v128.load(blockAt, 48), v128.load(blockAt, 112));
  const a7 = high(v128.load(blockAt, 48), v128.load(blockAt, 112));
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

/** The block at blockAt as 8 x 8 samples. */
function writeBlock(to: usize, stride: i32, kind: i32): void {
  if (kind == 1) {
    const level = ((<i32>load<i16>(blockAt) + 4) >> 3) + 128;
    const sample = u64(min(max(level, 0), 255)) * 0x0101010101010101;
    for (let row = 0; row < 8; row += 1, to += stride) store<u64>(to, sample);
    return;
  }
  transformColumns(11);
  transpose();
  transformColumns(18);
  transpose();
  const middle = i8x16.splat(-128);
  for (let row: usize = 0; row < 128; row += 32, to += stride << 1) {
    const samples = i8x16.narrow_i16x8_s(v128.load(blockAt + row), v128.load(blockAt + row, 16));
    const shown = v128.xor(samples, middle);
    store<u64>(to, i64x2.extract_lane(shown, 0));
    store<u64>(to + stride, i64x2.extract_lane(shown, 1));
  }
}

/** Whether the bits read so far are all of the file, and all of the file's up to the marker where the reader stands. */
function isAtMarker(): bool {
  return count >= padding && count - padding < 8;
}

function restart(components: i32): void {
  buffer = 0;
  count = 0;
  padding = 0;
  for (let n = 0; n < components; n += 1) store<i32>(componentsAt + n * componentBytes, 0, 28);
}

/**
 * Decodes the one scan of a baseline JPEG from `from` to its planes. Answers where the bytes of the scan end, at a marker, or 0 where
 * anything in it is not as it should be.
 */
export function decodeScan(from: usize, to: usize, components: i32, across: i32, down: i32, interval: i32): usize {
  position = from;
  end = to;
  restart(components);
  let untilRestart = interval;
  let restarts = 0;
  for (let y = 0; y < down; y += 1) {
    for (let x = 0; x < across; x += 1) {
      if (interval > 0 && untilRestart == 0) {
        // The buffer may have taken no byte beyond the marker: a marker only pads.
        if (!isAtMarker()) return 0;
        if (position + 2 > end || load<u8>(position) != 0xff || load<u8>(position + 1) != 0xd0 + (restarts & 7))
          return 0;
        position += 2;
        restarts += 1;
        untilRestart = interval;
        restart(components);
      }
      untilRestart -= 1;
      for (let n = 0; n < components; n += 1) {
        const component = componentsAt + n * componentBytes;
        const wide = load<i32>(component, 8);
        const tall = load<i32>(component, 12);
        const stride = load<i32>(component, 4);
        const plane = <usize>load<i32>(component);
        for (let v = 0; v < tall; v += 1) {
          for (let h = 0; h < wide; h += 1) {
            const kind = readBlock(component);
            if (kind == 0) return 0;
            writeBlock(plane + ((y * tall + v) << 3) * stride + ((x * wide + h) << 3), stride, kind);
          }
        }
      }
    }
  }
  // The buffer may still hold whole bytes of the scan that were not needed.
  return isAtMarker() ? position : 0;
}
