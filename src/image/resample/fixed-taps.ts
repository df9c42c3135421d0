import type { Tap } from './taps.js';

/** Taps as the kernels take them: whole numbers, of which 2^shift is one. */
export interface FixedTaps {
  /** The first old pixel of each new one. */
  readonly starts: Int32Array;
  /** `count` for each new pixel, an even number; 0 behind the last. */
  readonly weights: Int16Array;
  /** Where weights have more than 16 bits: their lower 8, the upper ones being in `weights`. */
  readonly low?: Int16Array;
  readonly count: number;
  readonly shift: number;
}

/** Weights of 22 bits, as Pillow has them: its own sums, to the last bit. */
const fineShift = 22;
const lowBits = 8;
/** With this shift sums of 8-bit pixels by weights of 16 bits have room for what overshoots. */
const mostShift = 20;

/** How exact weights have to be. */
export interface TapPrecision {
  /** 22 bits instead of 16, for weights of both signs, which magnify what is rounded. */
  readonly isFine: boolean;
  /** Bits that the pixels have more than 8. */
  readonly spareBits: number;
}

/** Rounds weights to whole numbers whose sum is one. */
export function fixTaps(taps: readonly Tap[], { isFine, spareBits }: TapPrecision): FixedTaps {
  const longest = taps.reduce((max, { weights }) => Math.max(max, weights.length), 0);
  const count = longest + (longest % 2);
  const shift = isFine ? fineShift : Math.min(mostShift - spareBits, roomFor(taps));
  const starts = Int32Array.from(taps, ({ first }) => first);
  const fixed = new Int32Array(taps.length * count);
  const round = isFine ? roundEach : roundSums;
  taps.forEach(({ weights }, n) => fixed.set(round(weights, 2 ** shift), n * count));
  if (!isFine) return { starts, weights: Int16Array.from(fixed), count, shift };
  const weights = Int16Array.from(fixed, (weight) => weight >> lowBits);
  return { starts, weights, low: Int16Array.from(fixed, (weight) => weight & (2 ** lowBits - 1)), count, shift };
}

/** The most bits with which every weight fits in 16. */
function roomFor(taps: readonly Tap[]): number {
  const most = taps.reduce((max, { weights }) => weights.reduce((a, b) => Math.max(a, Math.abs(b)), max), 0);
  return Math.floor(Math.log2(32_000 / most));
}

function roundEach(weights: readonly number[], unit: number): readonly number[] {
  return weights.map((weight) => Math.trunc(weight * unit + (weight < 0 ? -0.5 : 0.5)));
}

/** Rounds the running sum, so that what rounding takes from one weight its neighbour gets. */
function roundSums(weights: readonly number[], unit: number): readonly number[] {
  let [exact, rounded] = [0, 0];
  return weights.map((weight) => {
    exact += weight * unit;
    const fixed = Math.round(exact) - rounded;
    rounded += fixed;
    return fixed;
  });
}
