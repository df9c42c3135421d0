import { spaces, type Curve, type Space } from './reference.js';

const s15 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(Math.round(value * 65_536));
  return bytes;
};
const u16 = (...values: readonly number[]) => {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, n) => bytes.writeUInt16BE(Math.round(value), n * 2));
  return bytes;
};
const u32 = (...values: readonly number[]) => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, n) => bytes.writeUInt32BE(value, n * 4));
  return bytes;
};
const typed = (type: string, ...parts: readonly Buffer[]) =>
  Buffer.concat([Buffer.from(type, 'latin1'), u32(0), ...parts]);

const xyz = (...values: readonly number[]) => typed('XYZ ', ...values.map(s15));
const text = typed('mluc', u32(1, 12), Buffer.from('enUS'), u32(2, 28), Buffer.from('\0x', 'latin1'));

/** Tone curves as a profile writes them. */
export const curves = {
  gamma: (gamma: number) => typed('curv', u32(1), u16(gamma * 256)),
  identity: typed('curv', u32(0)),
  sampled: (curve: Curve, count: number) =>
    typed('curv', u32(count), ...Array.from({ length: count }, (_, n) => u16(65_535 * curve(n / (count - 1))))),
  srgb: typed('para', u16(3, 0), ...[2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045].map(s15)),
};

/** An ICC profile of version 4.3 (ICC.1:2022, 7.2 and 7.3) with these tags beside the required texts. */
function profileOf(space: string, tags: Readonly<Record<string, Buffer>>, pcs = 'XYZ '): Buffer {
  const all = Object.entries({ desc: text, cprt: text, wtpt: xyz(0.9642, 1, 0.8249), ...tags });
  const header = Buffer.alloc(128);
  let at = 128 + 4 + 12 * all.length;
  const table = [u32(all.length)];
  const bodies: Buffer[] = [];
  for (const [name, tag] of all) {
    const padded = Buffer.concat([tag, Buffer.alloc((4 - (tag.length % 4)) % 4)]);
    table.push(Buffer.from(name, 'latin1'), u32(at, tag.length));
    bodies.push(padded);
    at += padded.length;
  }
  header.writeUInt32BE(at, 0);
  header.writeUInt32BE(0x0430_0000, 8);
  header.write(`mntr${space}${pcs}`, 12, 'latin1');
  u16(2024, 1, 1, 0, 0, 0).copy(header, 24);
  header.write('acsp', 36, 'latin1');
  [0.9642, 1, 0.8249].forEach((value, n) => s15(value).copy(header, 68 + n * 4));
  return Buffer.concat([header, ...table, ...bodies]);
}

function matrixTags({ toXyz }: Space): Readonly<Record<string, Buffer>> {
  const column = (n: number) => xyz(...toXyz.map((row) => row[n]!));
  return { rXYZ: column(0), gXYZ: column(1), bXYZ: column(2) };
}

/** An RGB profile of a matrix and one curve. */
export function rgbProfile(space: Space, curve: Buffer): Buffer {
  return profileOf('RGB ', { ...matrixTags(space), rTRC: curve, gTRC: curve, bTRC: curve });
}

/** A gray profile; over Lab its curve gives lightness. */
export const grayProfile = (curve: Buffer, pcs: 'XYZ ' | 'Lab ' = 'XYZ '): Buffer =>
  profileOf('GRAY', { kTRC: curve }, pcs);

/** The same colours as a matrix profile, but in tables (lut16Type, 10.10): curves, then the cube's eight corners. */
export function tableProfile({ curve, toXyz }: Space): Buffer {
  const entries = 4096;
  const input = Array.from({ length: entries }, (_, n) => 65_535 * curve(n / (entries - 1)));
  const corners = Array.from({ length: 8 }, (_, n) => [n >> 2, (n >> 1) & 1, n & 1]).flatMap((rgb) =>
    toXyz.map((row) => 32_768 * Math.max(0, row[0]! * rgb[0]! + row[1]! * rgb[1]! + row[2]! * rgb[2]!)),
  );
  const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1].map(s15);
  const lut = [Buffer.of(3, 3, 2, 0), ...identity, u16(entries, 2), u16(...input, ...input, ...input)];
  return profileOf('RGB ', { A2B0: typed('mft2', ...lut, u16(...corners), u16(0, 65_535, 0, 65_535, 0, 65_535)) });
}

export const profiles: Readonly<Record<keyof typeof spaces, Buffer>> = {
  sRGB: rgbProfile(spaces.sRGB, curves.srgb),
  'Display P3': rgbProfile(spaces['Display P3'], curves.srgb),
  'Adobe RGB': rgbProfile(spaces['Adobe RGB'], curves.gamma(563 / 256)),
  'linear sRGB': rgbProfile(spaces['linear sRGB'], curves.identity),
};

/** Gray profiles, and the curve that each means. */
export const graySpaces: Readonly<Record<string, readonly [icc: Buffer, curve: Curve]>> = {
  'gamma 2.2': [grayProfile(curves.gamma(563 / 256)), (v) => v ** (563 / 256)],
  linear: [grayProfile(curves.identity), (v) => v],
  'a sampled curve': [grayProfile(curves.sampled((v) => v ** 1.8, 1024)), (v) => v ** 1.8],
  lightness: [
    grayProfile(curves.identity, 'Lab '),
    (v) => (v > 0.08 ? ((v + 0.16) / 1.16) ** 3 : (v * 100 * 27) / 24_389),
  ],
};
