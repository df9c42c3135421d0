import type { PlainJpeg } from './jpeg-plain.js';

/** The bits of a scan, without the zeros that stand behind each byte 255 (ITU-T T.81, F.1.2.3); they end at a marker and at the file's end. */
class ScanBits {
  readonly #jpeg: Uint8Array;
  #at: number;
  #byte = 0;
  #left = 0;

  constructor(jpeg: Uint8Array, at: number) {
    this.#jpeg = jpeg;
    this.#at = at;
  }

  /** 0 or 1; -1 beyond the end. */
  next(): number {
    if (this.#left === 0 && !this.#load()) return -1;
    this.#left -= 1;
    return (this.#byte >> this.#left) & 1;
  }

  /** False: they end before. */
  skip(count: number): boolean {
    for (let n = 0; n < count; n += 1) if (this.next() < 0) return false;
    return true;
  }

  /** Goes on behind the next restart marker; false where there is none. */
  restart(): boolean {
    this.#left = 0;
    for (; this.#at + 1 < this.#jpeg.length; this.#at += 1) {
      if (this.#jpeg[this.#at] !== 0xff || ((this.#jpeg[this.#at + 1] ?? 0) & 0xf8) !== 0xd0) continue;
      this.#at += 2;
      return true;
    }
    return false;
  }

  #load(): boolean {
    const byte = this.#jpeg[this.#at];
    if (byte === undefined || (byte === 0xff && this.#jpeg[this.#at + 1] !== 0)) return false;
    this.#at += byte === 0xff ? 2 : 1;
    [this.#byte, this.#left] = [byte, 8];
    return true;
  }
}

const [longestCode, coefficients, sixteenZeros] = [16, 64, 0xf0];

/** The symbol of the next code (F.2.2.3); -1: the bits end, or are none. */
function readSymbol(bits: ScanBits, table: Uint8Array): number {
  let [code, first, index] = [0, 0, 0];
  for (let length = 0; length < longestCode; length += 1) {
    const bit = bits.next();
    if (bit < 0) return -1;
    code = code * 2 + bit;
    const count = table[length] ?? 0;
    if (code - first < count) return table[longestCode + index + code - first] ?? -1;
    index += count;
    first = (first + count) * 2;
  }
  return -1;
}

/** Passes the codes of one block; false where they are not all there. */
function passBlock(bits: ScanBits, dc: Uint8Array, ac: Uint8Array): boolean {
  const size = readSymbol(bits, dc);
  if (size < 0 || !bits.skip(size)) return false;
  for (let at = 1; at < coefficients; at += 1) {
    const symbol = readSymbol(bits, ac);
    if (symbol < 0) return false;
    if ((symbol & 15) === 0 && symbol !== sixteenZeros) return true;
    at += symbol >> 4;
    if (!bits.skip(symbol & 15)) return false;
  }
  return true;
}

/**
 * Whether the scan has codes for every block of the image. The decoder does not always say that those of the last rows are missing, and
 * makes up their pixels.
 */
export function hasAllUnits(jpeg: Uint8Array, plain: PlainJpeg): boolean {
  const { width, height, components, codes, interval, scanAt } = plain;
  const isGray = components.length === 1;
  const side = (factor: 'across' | 'down'): number => (isGray ? 1 : Math.max(...components.map((one) => one[factor])));
  const units = Math.ceil(width / (8 * side('across'))) * Math.ceil(height / (8 * side('down')));
  const blocks = components.flatMap(({ across, down, dc, ac }) => {
    const [dcCodes, acCodes] = [codes.get(dc), codes.get(ac)];
    const tables = dcCodes && acCodes && ([dcCodes, acCodes] as const);
    return Array.from({ length: isGray ? 1 : across * down }, () => tables);
  });
  const bits = new ScanBits(jpeg, scanAt);
  for (let unit = 0; unit < units; unit += 1) {
    if (interval > 0 && unit > 0 && unit % interval === 0 && !bits.restart()) return false;
    for (const tables of blocks) if (tables === undefined || !passBlock(bits, ...tables)) return false;
  }
  return true;
}
