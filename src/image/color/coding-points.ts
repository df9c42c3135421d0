import { gammaCurve, srgbCurve, type Curve } from './curve.js';
import { rgbToXyz, srgbPrimaries, type Primaries } from './matrix.js';
import type { ColorProfile } from './profile.js';

/** Colour coding points as PNG's cICP and AVIF's nclx name them (ITU-T H.273). */
export interface CodingPoints {
  readonly primaries: number;
  readonly transfer: number;
}

const d65 = srgbPrimaries.white;
const smpte170m: Primaries = { white: d65, red: [0.63, 0.34], green: [0.31, 0.595], blue: [0.155, 0.07] };

/** H.273, table 2. 2 is "unspecified": as sRGB. */
const primariesOf: Readonly<Record<number, Primaries>> = {
  1: srgbPrimaries,
  2: srgbPrimaries,
  4: { white: [0.31, 0.316], red: [0.67, 0.33], green: [0.21, 0.71], blue: [0.14, 0.08] },
  5: { white: d65, red: [0.64, 0.33], green: [0.29, 0.6], blue: [0.15, 0.06] },
  6: smpte170m,
  7: smpte170m,
  9: { white: d65, red: [0.708, 0.292], green: [0.17, 0.797], blue: [0.131, 0.046] },
  11: { white: [0.314, 0.351], red: [0.68, 0.32], green: [0.265, 0.69], blue: [0.15, 0.06] },
  12: { white: d65, red: [0.68, 0.32], green: [0.265, 0.69], blue: [0.15, 0.06] },
  22: { white: d65, red: [0.63, 0.34], green: [0.295, 0.605], blue: [0.155, 0.077] },
};

/** H.273, table 3. The curves of television cameras (1, 6, 14, 15) are shown as sRGB, as viewers of still images do. */
const curveOf: Readonly<Record<number, Curve>> = {
  1: srgbCurve,
  2: srgbCurve,
  4: gammaCurve(2.2),
  5: gammaCurve(2.8),
  6: srgbCurve,
  8: gammaCurve(1),
  13: srgbCurve,
  14: srgbCurve,
  15: srgbCurve,
};

/** What these points mean, `srgb`, or why they cannot be shown in 8-bit sRGB; `unread` completes "has ...". */
export type CodingMeaning = ColorProfile | 'srgb' | { readonly kind: 'unread'; readonly unread: string };

/** The profile that coding points stand for. */
export function profileOfPoints({ primaries, transfer }: CodingPoints): CodingMeaning {
  const range = { 16: 'PQ', 18: 'HLG' }[transfer];
  if (range !== undefined) return { kind: 'unread', unread: `high dynamic range (${range})` };
  const [places, curve] = [primariesOf[primaries], curveOf[transfer]];
  if (places === undefined || curve === undefined) {
    return {
      kind: 'unread',
      unread: `colours of primaries ${primaries} and transfer function ${transfer} (ITU-T H.273)`,
    };
  }
  if (places === srgbPrimaries && curve === srgbCurve) return 'srgb';
  return { kind: 'rgb', curves: [curve, curve, curve], toXyz: rgbToXyz(places) };
}
