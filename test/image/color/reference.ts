/** Encoded to linear, both 0..1. */
export type Curve = (encoded: number) => number;
type Rows = readonly (readonly number[])[];

/** A colour space by its definition: curve, and linear RGB to XYZ under D50. */
export interface Space {
  readonly curve: Curve;
  readonly toXyz: Rows;
}

const srgbCurve: Curve = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);

/** Matrices as published for D50 (B. Lindbloom; for Display P3, its profile's colorants). */
const srgbToXyz: Rows = [
  [0.4360747, 0.3850649, 0.1430804],
  [0.2225045, 0.7168786, 0.0606169],
  [0.0139322, 0.0971045, 0.7141733],
];
const p3ToXyz: Rows = [
  [0.515121, 0.291977, 0.157104],
  [0.241196, 0.692245, 0.066574],
  [-0.001053, 0.041885, 0.784073],
];
const adobeToXyz: Rows = [
  [0.6097559, 0.2052401, 0.149224],
  [0.3111242, 0.625656, 0.0632197],
  [0.0194811, 0.0608902, 0.7448387],
];

/** XYZ under D50 to linear sRGB, of the same source. */
const xyzToSrgb: Rows = [
  [3.1338561, -1.6168667, -0.4906146],
  [-0.9787684, 1.9161415, 0.033454],
  [0.0719453, -0.2289914, 1.4052427],
];

export const spaces = {
  sRGB: { curve: srgbCurve, toXyz: srgbToXyz },
  'Display P3': { curve: srgbCurve, toXyz: p3ToXyz },
  'Adobe RGB': { curve: (v: number) => v ** (563 / 256), toXyz: adobeToXyz },
  'linear sRGB': { curve: (v: number) => v, toXyz: srgbToXyz },
} as const satisfies Readonly<Record<string, Space>>;

const apply = (rows: Rows, v: readonly number[]) => rows.map((row) => row.reduce((sum, w, n) => sum + w * v[n]!, 0));

/** Linear 0..1 to sRGB 0..255, not rounded, clipped. */
function encode(linear: number): number {
  const clipped = Math.min(Math.max(linear, 0), 1);
  return 255 * (clipped <= 0.0031308 ? clipped * 12.92 : 1.055 * clipped ** (1 / 2.4) - 0.055);
}

/** What a colour-managed viewer shows of a pixel, 0..255, on white where it is transparent. */
export function shown(colors: readonly number[], space: Space | Curve | undefined, alpha = 1): readonly number[] {
  const rgb = colors.length === 1 ? [colors[0]!, colors[0]!, colors[0]!] : colors;
  const onWhite = (level: number) => level * alpha + 255 * (1 - alpha);
  if (space === undefined) return rgb.map((value) => onWhite(255 * value));
  if (typeof space === 'function') return rgb.map((value) => onWhite(encode(space(value))));
  return apply(xyzToSrgb, apply(space.toXyz, rgb.map(space.curve))).map((linear) => onWhite(encode(linear)));
}
