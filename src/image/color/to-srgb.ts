import { srgbCurve, type Curve } from './curve.js';
import { multiply, xyzToSrgb } from './matrix.js';
import type { ColorProfile } from './profile.js';

/** Samples as a file holds them, pixel by pixel. */
export interface Samples {
  readonly data: Uint8Array | Uint16Array | Uint32Array | Float32Array;
  /** The sample that means full. */
  readonly white: number;
  /** Samples of one pixel. */
  readonly perPixel: number;
  /** 1 gray, 3 RGB: how many come first. */
  readonly colors: 1 | 3;
  /** Which sample is alpha, not premultiplied. */
  readonly alpha?: number | undefined;
}

/** 8-bit sRGB; gray stays one channel. */
export interface ShownPixels {
  readonly data: Uint8Array;
  readonly channels: 1 | 3;
}

/**
 * Brings samples to 8-bit sRGB in float64, relative to white, colours outside sRGB clipped by channel, and lays them on white; without a profile the
 * upper 8 bits stay. Samples of more bits are taken as 16-bit numbers. The result lies in the memory of the samples.
 */
export function toSrgb(samples: Samples, profile: ColorProfile | undefined): ShownPixels {
  const { data, perPixel, colors, alpha } = samples;
  const count = data.length / perPixel;
  // A pixel is never written before it was read: no sample is narrower than a byte.
  const out = new Uint8Array(data.buffer, data.byteOffset, count * colors);
  const words = wordReader(samples);
  const show = profile === undefined ? plainWriter(colors, words, out) : profileWriter(profile, words, out);
  for (let n = 0, from = 0, to = 0; n < count; n += 1, from += perPixel, to += colors) {
    const opacity = alpha === undefined ? 1 : words.read(from + alpha) / words.top;
    show(to, from);
    if (opacity < 1) layOnWhite(out, [to, to + colors], opacity);
  }
  return { data: out, channels: colors };
}

function layOnWhite(out: Uint8Array, [from, end]: readonly [number, number], opacity: number): void {
  for (let at = from; at < end; at += 1) out[at] = Math.round(255 + ((out[at] as number) - 255) * opacity);
}

/** Samples as whole numbers from 0 to \`top\`, of which \`shift\` bits are beyond the upper 8. */
interface Words {
  readonly read: (index: number) => number;
  readonly top: number;
  readonly shift: number;
}

/** What is no number is 0. */
function wordReader({ data, white }: Samples): Words {
  const top = data instanceof Uint8Array ? 255 : 65_535;
  const factor = top / white;
  const read = (index: number): number => {
    const word = (data[index] as number) * factor + 0.5;
    return word >= top ? top : word > 0 ? word | 0 : 0;
  };
  return { read, top, shift: top === 255 ? 0 : 8 };
}

type PixelWriter = (to: number, from: number) => void;

function plainWriter(colors: 1 | 3, { read, shift }: Words, out: Uint8Array): PixelWriter {
  return (to, from) => {
    for (let color = 0; color < colors; color += 1) out[to + color] = read(from + color) >> shift;
  };
}

function profileWriter(profile: ColorProfile, { read, top }: Words, out: Uint8Array): PixelWriter {
  if (profile.kind === 'gray') {
    const gray = tabulate(profile.curve, top);
    return (to, from) => {
      out[to] = encodeSrgb(gray[read(from)] as number);
    };
  }
  const [red, green, blue] = tabulateAll(profile.curves, top);
  const [[rr, rg, rb], [gr, gg, gb], [br, bg, bb]] = multiply(xyzToSrgb, profile.toXyz);
  return (to, from) => {
    const [r, g, b] = [read(from), read(from + 1), read(from + 2)];
    const [x, y, z] = [red[r] as number, green[g] as number, blue[b] as number];
    out[to] = encodeSrgb(rr * x + rg * y + rb * z);
    out[to + 1] = encodeSrgb(gr * x + gg * y + gb * z);
    out[to + 2] = encodeSrgb(br * x + bg * y + bb * z);
  };
}

function tabulate(curve: Curve, top: number): Float64Array {
  return Float64Array.from({ length: top + 1 }, (_, word) => curve(word / top));
}

type Tables = readonly [Float64Array, Float64Array, Float64Array];

function tabulateAll([red, green, blue]: readonly [Curve, Curve, Curve], top: number): Tables {
  const first = tabulate(red, top);
  return [first, green === red ? first : tabulate(green, top), blue === red ? first : tabulate(blue, top)];
}

/** The least linear value that rounds to each level of 8 bits, and one beyond the last. */
const thresholds = Float64Array.from({ length: 257 }, (_, level) =>
  level === 0 ? -Infinity : level === 256 ? Infinity : srgbCurve((level - 0.5) / 255),
);

/** Steps of linear light that are so fine that no more than one threshold lies within. */
const steps = 16_384;
let levels: Uint8Array | undefined;

/** The level that each step begins with. */
function levelTable(): Uint8Array {
  return Uint8Array.from({ length: steps + 1 }, (_, step) => {
    let level = 0;
    while ((thresholds[level + 1] as number) <= step / steps) level += 1;
    return level;
  });
}

/** A linear value as the nearest level of 8-bit sRGB. */
function encodeSrgb(linear: number): number {
  if (!(linear > 0)) return 0;
  if (linear >= 1) return 255;
  levels ??= levelTable();
  const level = levels[(linear * steps) | 0] as number;
  return linear >= (thresholds[level + 1] as number) ? level + 1 : level;
}
