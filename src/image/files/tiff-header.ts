/** What the first page of a TIFF says of its samples. */
export interface TiffSamples {
  readonly bits: readonly number[];
  /** 1 unsigned, 2 signed, 3 float, 4 unknown, 5 and 6 complex; one a sample. */
  readonly formats: readonly number[];
  /** 1 none; 6 and 7 JPEG. */
  readonly compression: number;
  readonly photometric: number | undefined;
  readonly samplesPerPixel: number;
  /** Of the samples beyond the colours: 0 unspecified, 1 associated alpha, 2 unassociated alpha. */
  readonly extraSamples: readonly number[];
  /** A camera's raw file, whose first page is only a preview. */
  readonly isRaw: boolean;
}

/** Tags (TIFF 6.0, and DNG's version), by what is read of them. */
const tags = {
  newSubfileType: 254,
  bits: 258,
  compression: 259,
  photometric: 262,
  samplesPerPixel: 277,
  subIfds: 330,
  extraSamples: 338,
  sampleFormat: 339,
  dngVersion: 50_706,
} as const;

/** Reads the first page's tags, of TIFF and BigTIFF; undefined where they are cut off. */
export function readTiffSamples(tiff: Uint8Array): TiffSamples | undefined {
  try {
    return describe(readTags(tiff));
  } catch (error) {
    // Positions beyond the end.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

type Tags = ReadonlyMap<number, readonly number[]>;

function describe(page: Tags): TiffSamples {
  const samplesPerPixel = page.get(tags.samplesPerPixel)?.[0] ?? 1;
  const isPreview = ((page.get(tags.newSubfileType)?.[0] ?? 0) & 1) === 1 && page.has(tags.subIfds);
  return {
    bits: page.get(tags.bits) ?? [1],
    formats: page.get(tags.sampleFormat) ?? [1],
    compression: page.get(tags.compression)?.[0] ?? 1,
    photometric: page.get(tags.photometric)?.[0],
    samplesPerPixel,
    extraSamples: page.get(tags.extraSamples) ?? [],
    isRaw: page.has(tags.dngVersion) || isPreview,
  };
}

/** Bytes of BYTE, SHORT, LONG and LONG8; other types hold nothing that is read here. */
const typeBytes: Readonly<Record<number, number>> = { 1: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8 };
const mostValues = 16;

/** Whole numbers of the first page's tags, the first 16 of each. Throws RangeError beyond the end. */
function readTags(tiff: Uint8Array): Tags {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const isLittle = view.getUint8(0) === 0x49;
  const isBig = view.getUint16(2, isLittle) === 43;
  const read = (at: number, bytes: number): number => {
    if (bytes === 1) return view.getUint8(at);
    if (bytes === 2) return view.getUint16(at, isLittle);
    return bytes === 4 ? view.getUint32(at, isLittle) : Number(view.getBigUint64(at, isLittle));
  };
  const word = isBig ? 8 : 4;
  const page = read(isBig ? 8 : 4, word);
  const count = read(page, isBig ? 8 : 2);
  const found = new Map<number, readonly number[]>();
  for (let n = 0, at = page + (isBig ? 8 : 2); n < count; n += 1, at += 4 + 2 * word) {
    const bytes = typeBytes[read(at + 2, 2)] ?? 0;
    const values = read(at + 4, word);
    const from = bytes * values <= word ? at + 4 + word : read(at + 4 + word, word);
    const length = bytes === 0 ? 0 : Math.min(values, mostValues);
    found.set(
      read(at, 2),
      Array.from({ length }, (_, index) => read(from + index * bytes, bytes)),
    );
  }
  return found;
}

const photometricNames: Readonly<Record<number, string>> = {
  4: 'a transparency mask',
  8: 'CIE L*a*b* samples',
  9: 'ICC L*a*b* samples',
  10: 'ITU L*a*b* samples',
  32_803: 'unprocessed samples of a camera',
  32_844: 'logarithmic luminance samples',
  32_845: 'logarithmic luminance and colour samples',
  34_892: 'unprocessed samples of a camera',
};

/** The decoder makes RGB of YCbCr within JPEG, and takes it for RGB elsewhere. */
const [ycbcr, jpegCompressions] = [6, [6, 7]];
const mostSamplesPerPixel = 6;
const bitsRead: Readonly<Record<number, readonly number[]>> = {
  1: [1, 2, 4, 8, 16, 32],
  3: [16, 32],
  4: [1, 2, 4, 8, 16, 32],
};
const formatNames: Readonly<Record<number, string>> = {
  1: '',
  2: ' signed',
  3: ' float',
  4: '',
  5: ' complex',
  6: ' complex',
};

/** Why a TIFF's samples are not read; completes "has ...". Undefined: they are. */
export function findUnreadSamples(tiff: TiffSamples): string | undefined {
  const { bits, formats, photometric = 1, samplesPerPixel, isRaw } = tiff;
  if (isRaw) return 'the unprocessed samples of a camera (a raw file)';
  if (photometric in photometricNames) return photometricNames[photometric];
  if (photometric === ycbcr && !jpegCompressions.includes(tiff.compression)) return 'YCbCr samples that are not JPEG';
  if (samplesPerPixel > mostSamplesPerPixel) return `${samplesPerPixel} samples a pixel`;
  const [first = 1, format = 1] = [bits[0], formats[0]];
  if (bits.some((each) => each !== first)) return `samples of ${bits.join(', ')} bits`;
  if (formats.some((each) => each !== format)) return 'samples of several formats';
  return bitsRead[format]?.includes(first) === true ? undefined : `${first}-bit${formatNames[format] ?? ''} samples`;
}
