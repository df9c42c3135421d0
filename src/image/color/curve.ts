/** From an encoded value to a linear one, both 0..1. */
export type Curve = (encoded: number) => number;

/** A pure power. */
export function gammaCurve(gamma: number): Curve {
  return gamma === 1 ? (encoded) => encoded : (encoded) => encoded ** gamma;
}

/** The curve of sRGB (IEC 61966-2-1). */
export const srgbCurve: Curve = parametricCurve(3, [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045]);

/** The curve of CIE L* over 0..1, which gray profiles over Lab hold. */
export const lightnessCurve: Curve = (encoded) =>
  encoded > 0.08 ? ((encoded + 0.16) / 1.16) ** 3 : (encoded * 100 * 27) / 24_389;

/** ICC.1:2022, 10.18: parametricCurveType by its function type; undefined for an unknown one. */
export function parametricCurve(type: 0 | 1 | 2 | 3 | 4, parameters: readonly number[]): Curve {
  const [g = 1, a = 1, b = 0, c = 0, d = 0, e = 0, f = 0] = parameters;
  switch (type) {
    case 0:
      return gammaCurve(g);
    case 1:
      return (x) => (x >= -b / a ? (a * x + b) ** g : 0);
    case 2:
      return (x) => (x >= -b / a ? (a * x + b) ** g + c : c);
    case 3:
      return (x) => (x >= d ? (a * x + b) ** g : c * x);
    case 4:
      return (x) => (x >= d ? (a * x + b) ** g + e : c * x + f);
  }
}

/** A curve through evenly spaced values, straight between them. */
export function sampledCurve(values: readonly number[]): Curve {
  const last = values.length - 1;
  return (encoded) => {
    const at = Math.min(Math.max(encoded, 0), 1) * last;
    const from = Math.min(Math.floor(at), last - 1);
    const [low = 0, high = low] = [values[from], values[from + 1]];
    return low + (high - low) * (at - from);
  };
}
