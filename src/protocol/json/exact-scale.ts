import { ascii } from './reader.js';

/** Powers of ten that `scaleExactly` takes: 10^-64 to 10^64. */
const most = 64;

/** Digits that a double holds for sure; a number has a head and a tail of so many. */
const headDigits = 15;

/** Bound on the relative error of a product of two double-doubles, each part rounded once. */
const slack = 2 ** -98;

interface DoubleDouble {
  readonly high: number;
  readonly low: number;
}

/** 10^power as an unevaluated sum of two doubles. */
function splitPower(power: number): DoubleDouble {
  const high = Number(`1e${String(power)}`);
  if (power >= 0) return { high, low: Number(10n ** BigInt(power) - BigInt(high)) };
  // high = mantissa / 2^shift exactly, so the rest is a fraction of whole numbers.
  const shift = 52 - Math.floor(Math.log2(high));
  const ten = 10n ** BigInt(-power);
  const rest = (1n << BigInt(shift)) - BigInt(high * 2 ** shift) * ten;
  return { high, low: (Number((rest << 110n) / ten) * 2 ** -110) / 2 ** shift };
}

let powers: readonly DoubleDouble[] | undefined;

function powerOf(power: number): DoubleDouble | undefined {
  powers ??= Array.from({ length: 2 * most + 1 }, (_, at) => splitPower(at - most));
  return powers[power + most];
}

/** What a product of two doubles lost in rounding (Dekker, with Veltkamp's split). */
function productError(a: number, b: number, product: number): number {
  const [aSplit, bSplit] = [134217729 * a, 134217729 * b];
  const aHigh = aSplit - (aSplit - a);
  const bHigh = bSplit - (bSplit - b);
  const [aLow, bLow] = [a - aHigh, b - bHigh];
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

interface Digits {
  readonly from: number;
  readonly to: number;
  readonly exponent: number;
}

/**
 * The double nearest to up to 30 digits (with or without a point among them) times a power of ten, in double-double
 * arithmetic; undefined in the rare case that it cannot tell which of two is nearer, and for powers out of reach.
 */
export function scaleExactly(bytes: Buffer, { from, to, exponent }: Digits): number | undefined {
  const power = powerOf(exponent);
  if (power === undefined || to - from > 2 * headDigits) return undefined;
  let [head, tail, scale, count] = [0, 0, 1, 0];
  for (let pos = from; pos < to; pos++) {
    const byte = bytes[pos] as number;
    if (byte === ascii.dot) continue;
    if (count++ < headDigits) head = head * 10 + (byte - ascii.zero);
    else {
      tail = tail * 10 + (byte - ascii.zero);
      scale *= 10;
    }
  }
  const whole = head * scale;
  const rest = productError(head, scale, whole) + tail;
  const high = whole + rest;
  const low = rest - (high - whole);
  const product = high * power.high;
  const lost = productError(high, power.high, product) + high * power.low + low * power.high;
  const sum = product + lost;
  const left = lost - (sum - product);
  const bound = sum * slack;
  return sum + (left + bound) === sum && sum + (left - bound) === sum ? sum : undefined;
}
