import { profileOfPoints, type CodingMeaning } from './coding-points.js';
import { gammaCurve, srgbCurve } from './curve.js';
import { rgbToXyz, srgbPrimaries, type Primaries } from './matrix.js';

/** The chunks before the pixels, by name; the first of each. Of a damaged file, those before the damage. */
function readChunks(bytes: Buffer): ReadonlyMap<string, Buffer> {
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at + 12 <= bytes.length;) {
    const name = bytes.toString('latin1', at + 4, at + 8);
    if (name === 'IDAT') break;
    const end = at + 8 + bytes.readUInt32BE(at);
    if (end > bytes.length) break;
    if (!chunks.has(name)) chunks.set(name, bytes.subarray(at + 8, end));
    at = end + 4;
  }
  return chunks;
}

/**
 * What a PNG's own chunks say of its colours, where that is not its ICC profile: by PNG (third edition), 4.3, cICP comes
 * before iCCP, that before sRGB, that before gAMA and cHRM. Undefined: nothing, or the profile counts.
 */
export function readPngColor(png: Uint8Array): CodingMeaning | undefined {
  const chunks = readChunks(Buffer.from(png.buffer, png.byteOffset, png.byteLength));
  const points = chunks.get('cICP');
  if (points?.length === 4) {
    const [primaries = 2, transfer = 2, matrix, isFullRange] = points;
    if (matrix !== 0 || isFullRange !== 1) return { kind: 'unread', unread: 'samples of limited range or of YCbCr' };
    return profileOfPoints({ primaries, transfer });
  }
  if (chunks.has('iCCP')) return undefined;
  return chunks.has('sRGB') ? 'srgb' : profileOfGamma(chunks.get('gAMA'), chunks.get('cHRM'));
}

/** What gAMA and cHRM hold in files that mean sRGB, to within the digits that writers keep. */
const srgbGamma = { value: 0.45455, tolerance: 0.0005 };
const sameChromaticity = 0.0015;

/** Either of the two left out is as in sRGB. */
function profileOfGamma(gama: Buffer | undefined, chrm: Buffer | undefined): CodingMeaning | undefined {
  const gamma = gama?.length === 4 ? gama.readUInt32BE() / 100_000 : 0;
  const places = chrm?.length === 32 ? readPrimaries(chrm) : srgbPrimaries;
  const isSrgbCurve = gamma === 0 || Math.abs(gamma - srgbGamma.value) < srgbGamma.tolerance;
  if (isSrgbCurve && isSrgb(places)) return gama === undefined && chrm === undefined ? undefined : 'srgb';
  const curve = gamma === 0 ? srgbCurve : gammaCurve(1 / gamma);
  return { kind: 'rgb', curves: [curve, curve, curve], toXyz: rgbToXyz(places) };
}

function readPrimaries(chrm: Buffer): Primaries {
  const pair = (n: number) => [chrm.readUInt32BE(n * 8) / 100_000, chrm.readUInt32BE(n * 8 + 4) / 100_000] as const;
  const places = { white: pair(0), red: pair(1), green: pair(2), blue: pair(3) };
  const isUsable = Object.values(places).every(([, y]) => y > 0) && rgbToXyz(places).flat().every(Number.isFinite);
  // Chromaticities that span nothing are not believed.
  return isUsable ? places : srgbPrimaries;
}

function isSrgb(places: Primaries): boolean {
  return (['white', 'red', 'green', 'blue'] as const).every((name) =>
    [0, 1].every((n) => Math.abs((places[name][n] ?? 0) - (srgbPrimaries[name][n] ?? 0)) < sameChromaticity),
  );
}
