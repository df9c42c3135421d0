import { gammaCurve, lightnessCurve, parametricCurve, sampledCurve, type Curve } from './curve.js';
import { transpose, type Matrix, type Row } from './matrix.js';

/** What samples mean: how they become linear light, and where their primaries lie. */
export type ColorProfile =
  | { readonly kind: 'rgb'; readonly curves: readonly [Curve, Curve, Curve]; readonly toXyz: Matrix }
  | { readonly kind: 'gray'; readonly curve: Curve };

/** An ICC profile as far as it is computed with here. `tables`: its colours stand in tables of several dimensions. */
export type IccProfile = ColorProfile | { readonly kind: 'tables' } | { readonly kind: 'unreadable' };

const headerBytes = 128;

/** Reads an ICC profile (ICC.1:2022, and version 2). What cannot be read is said to be unreadable. */
export function parseIccProfile(bytes: Uint8Array): IccProfile {
  try {
    return parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    // Positions beyond the end.
    if (error instanceof RangeError) return { kind: 'unreadable' };
    throw error;
  }
}

function parse(bytes: Buffer): IccProfile {
  if (bytes.toString('latin1', 36, 40) !== 'acsp') return { kind: 'unreadable' };
  const tags = readTags(bytes);
  if (tags.has('A2B0')) return { kind: 'tables' };
  const curveOf = (name: string) => parseCurve(tags.get(name));
  const space = bytes.toString('latin1', 16, 20);
  if (space === 'GRAY') {
    const curve = curveOf('kTRC');
    if (curve === undefined) return { kind: 'unreadable' };
    const isLab = bytes.toString('latin1', 20, 24) === 'Lab ';
    return { kind: 'gray', curve: isLab ? (encoded) => lightnessCurve(curve(encoded)) : curve };
  }
  if (space !== 'RGB ') return { kind: 'tables' };
  const [red, green, blue] = [curveOf('rTRC'), curveOf('gTRC'), curveOf('bTRC')];
  const [x, y, z] = ['rXYZ', 'gXYZ', 'bXYZ'].map((name) => parseXyz(tags.get(name)));
  if (!red || !green || !blue || !x || !y || !z) return { kind: 'unreadable' };
  return { kind: 'rgb', curves: [red, green, blue], toXyz: transpose([x, y, z]) };
}

function readTags(bytes: Buffer): ReadonlyMap<string, Buffer> {
  const tags = new Map<string, Buffer>();
  const count = Math.min(bytes.readUInt32BE(headerBytes), 1000);
  for (let n = 0, at = headerBytes + 4; n < count; n += 1, at += 12) {
    const from = bytes.readUInt32BE(at + 4);
    tags.set(bytes.toString('latin1', at, at + 4), bytes.subarray(from, from + bytes.readUInt32BE(at + 8)));
  }
  return tags;
}

const fixed = (bytes: Buffer, at: number): number => bytes.readInt32BE(at) / 65_536;

function parseXyz(tag: Buffer | undefined): Row | undefined {
  return tag === undefined ? undefined : [fixed(tag, 8), fixed(tag, 12), fixed(tag, 16)];
}

/** Parameters of each function type of parametricCurveType. */
const parameterCounts = [1, 3, 4, 5, 7] as const;

function parseCurve(tag: Buffer | undefined): Curve | undefined {
  if (tag === undefined) return undefined;
  const type = tag.toString('latin1', 0, 4);
  if (type === 'curv') {
    const count = tag.readUInt32BE(8);
    if (count === 0) return gammaCurve(1);
    if (count === 1) return gammaCurve(tag.readUInt16BE(12) / 256);
    const samples = tag.subarray(12, 12 + count * 2);
    return sampledCurve(Array.from({ length: count }, (_, n) => samples.readUInt16BE(n * 2) / 65_535));
  }
  const form = tag.readUInt16BE(8);
  const parameters = parameterCounts[form];
  if (type !== 'para' || parameters === undefined) return undefined;
  return parametricCurve(
    form as 0 | 1 | 2 | 3 | 4,
    Array.from({ length: parameters }, (_, n) => fixed(tag, 12 + n * 4)),
  );
}
