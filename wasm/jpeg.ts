// Baseline JPEG (ITU-T T.81): entropy-coded bytes to planes of samples. The caller reads the headers and lays out memory;
// see layout.ts. Whatever is not as a good file has it ends with 0, and the caller takes another decoder.
import {
  blockAt,
  componentBytes,
  componentsAt,
  huffmanAt,
  huffmanBytes,
  limitsAt,
  lookupBits,
  symbolsAt,
} from './layout';
import { writeBlock } from './transform';

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

/** What is known of a code: its bits with those of the value behind it, its own bits, and its symbol. */
function entryOf(length: i32, symbol: i32): i32 {
  return ((length + (symbol & 15)) << 16) | (length << 8) | symbol;
}

/** A code longer than the lookup's, 0 where there is none. */
function longCode(table: usize, bits: u64): i32 {
  for (let length = lookupBits + 1; length <= 16; length += 1) {
    const code = i32(bits >> (64 - length));
    const at = table + limitsAt + ((length - 1) << 3);
    if (code <= load<i32>(at)) return entryOf(length, load<u8>(table + symbolsAt + ((code + load<i32>(at, 4)) & 255)));
  }
  return 0;
}

/**
 * Makes a table from its 16 counts and its symbols at `source`: an entry for each beginning of a code, then for each length its
 * largest code and what leads from a code to its symbol, then the symbols. 0: no code can be made of them.
 */
export function buildHuffman(index: i32, source: usize): i32 {
  const table = huffmanAt + index * huffmanBytes;
  memory.fill(table, 0, limitsAt);
  memory.copy(table + symbolsAt, source + 16, 256);
  let code = 0;
  let symbol = 0;
  for (let length = 1; length <= 16; length += 1) {
    const codes = <i32>load<u8>(source + length - 1);
    const at = table + limitsAt + ((length - 1) << 3);
    store<i32>(at, symbol - code, 4);
    for (let n = 0; n < codes; n += 1, code += 1, symbol += 1) {
      if (length > lookupBits) continue;
      const entry = entryOf(length, load<u8>(source + 16 + symbol));
      const spread = lookupBits - length;
      for (let fill = 0; fill < 1 << spread; fill += 1) {
        const slot = (code << spread) + fill;
        if (slot < 1 << lookupBits) store<i32>(table + (slot << 2), entry);
      }
    }
    // All ones is no code.
    if (code >= 1 << length) return 0;
    store<i32>(at, codes == 0 ? -1 : code - 1);
    code <<= 1;
  }
  return 1;
}

/** The number that the first `size` bits say, none of which are 0: those that begin with 0 are negative. */
function valueOf(bits: u64, size: i32): i32 {
  const top = i32(bits >> 32);
  return i32(u32(top) >> (32 - size)) + (~(top >> 31) & ((-1 << size) + 1));
}

/** Reads one block's coefficients, dequantised, to blockAt. 0: bad codes; 1: there is only a DC; 2: there is more. */
function readBlock(component: usize): i32 {
  const quantisers = <usize>load<i32>(component, 16);
  const table = <usize>load<i32>(component, 24);
  let at = position;
  let bits = buffer;
  let left = count;
  for (let row = 0; row < 128; row += 16) v128.store(blockAt + row, i64x2.splat(0));
  let codes = <usize>load<i32>(component, 20);
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
    let entry = load<i32>(codes + (usize(bits >> (64 - lookupBits)) << 2));
    if (entry == 0) {
      entry = longCode(codes, bits);
      if (entry == 0) return 0;
    }
    const size = entry & 15;
    const run = (entry >> 4) & 15;
    const behind = bits << ((entry >> 8) & 31);
    bits <<= entry >> 16;
    left -= entry >> 16;
    if (k == 0) {
      if (run != 0) return 0;
      const value = load<i32>(component, 28) + (size == 0 ? 0 : valueOf(behind, size));
      store<i32>(component, value, 28);
      store<i16>(blockAt, value * (load<i32>(quantisers) >>> 16));
      codes = table;
      k = 1;
    } else if (size == 0) {
      if (run != 15) break;
      k += 16;
    } else {
      k += run;
      if (k > 63) return 0;
      const quantiser = load<i32>(quantisers + (k << 2));
      store<i16>(blockAt + (quantiser & 0xffff), valueOf(behind, size) * (quantiser >>> 16));
      k += 1;
      kind = 2;
    }
  } while (k < 64);
  position = at;
  buffer = bits;
  count = left;
  return kind;
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
            writeBlock(plane + ((y * tall + v) << 3) * stride + ((x * wide + h) << 3), stride, kind == 1);
          }
        }
      }
    }
  }
  // The buffer may still hold whole bytes of the scan that were not needed.
  return isAtMarker() ? position : 0;
}
