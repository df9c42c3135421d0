import type { TiffSamples } from '../files/tiff-header.js';
import type { CodingMeaning } from './coding-points.js';
import { parseIccProfile, type ColorProfile, type IccProfile } from './profile.js';

/** What the decoder says of a file before it decodes it. */
export interface FileFacts {
  readonly space: string;
  readonly depth: string;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly hasAlpha: boolean;
  readonly bitsPerSample?: number | undefined;
  readonly icc?: Uint8Array | undefined;
}

/** What the file itself says beside that. */
export interface FileMarks {
  /** Colours by other means than an ICC profile, which they come before. */
  readonly marked?: CodingMeaning | undefined;
  readonly tiff?: TiffSamples | undefined;
}

/** Samples to be read as the file holds them, and then computed with. */
export interface ComputedColors {
  readonly kind: 'computed';
  readonly space: string;
  readonly depth: SampleDepth;
  /** The sample that means full. */
  readonly white: number;
  readonly colors: 1 | 3;
  readonly alpha?: number | undefined;
  /** Half floats of one channel: the decoder takes them for 16-bit numbers, so they have to become such. */
  readonly scale?: number | undefined;
  readonly profile: ColorProfile | undefined;
  readonly size: { readonly width: number; readonly height: number };
  readonly bytesPerPixel: number;
}

/** libvips' name for the type of a sample. */
export type SampleDepth = 'uchar' | 'ushort' | 'uint' | 'float';

/** How an image's colours come to sRGB. */
export type ColorPlan =
  /** By the decoder, which uses an embedded profile unless told not to. */
  | { readonly kind: 'decoder'; readonly ignoreProfile: boolean }
  | ComputedColors
  /** `what` completes "has ...". */
  | { readonly kind: 'refused'; readonly what: string };

/** The plan for files whose colours the decoder gets right by itself. */
export const byDecoder: ColorPlan = { kind: 'decoder', ignoreProfile: false };

const colorSpaces: Readonly<Record<string, 1 | 3>> = { srgb: 3, rgb16: 3, scrgb: 3, 'b-w': 1, grey16: 1 };

/** Chooses the way that gives a colour-managed viewer's colours, or says why there is none. */
export function planColors(facts: FileFacts, marks: FileMarks): ColorPlan {
  const { space, depth } = facts;
  const hasOthers = (marks.tiff?.extraSamples ?? []).some((extra, n) => extra === 0 || n > 0);
  const isByte = depth === 'uchar';
  if (space === 'cmyk' && !hasOthers && (isByte || depth === 'ushort')) return byDecoder;
  const colors = colorSpaces[space];
  if (colors === undefined) return refuse(`${describe(facts)} of ${facts.channels} channels (${space})`);
  const meaning = meaningOf(facts, marks.marked, colors);
  if (meaning?.kind === 'unread') return refuse(meaning.unread);
  if (!hasOthers && (isByte || depth === 'ushort')) {
    if (meaning === undefined) return { kind: 'decoder', ignoreProfile: true };
    if (isByte && colors === 3 && marks.marked === undefined) return byDecoder;
  }
  if (meaning?.kind === 'tables') return refuse(`${describe(facts)} with a colour profile of tables`);
  return planComputed(facts, colors, { profile: meaning, tiff: marks.tiff });
}

const refuse = (what: string): ColorPlan => ({ kind: 'refused', what });

function describe({ depth, bitsPerSample = 8 }: FileFacts): string {
  return depth === 'float' ? `${bitsPerSample}-bit float samples` : `${bitsPerSample}-bit samples`;
}

/** What the samples mean, as one gray curve or three colours; undefined: sRGB, or what viewers take for it. */
function meaningOf({ icc }: FileFacts, marked: CodingMeaning | undefined, colors: 1 | 3) {
  if (marked === 'srgb') return undefined;
  const meaning: Exclude<CodingMeaning, 'srgb'> | IccProfile | undefined =
    marked ?? (icc === undefined ? undefined : parseIccProfile(icc));
  if (meaning?.kind === 'unreadable') return undefined;
  if (colors === 3 && meaning?.kind === 'gray') return undefined;
  return colors === 1 && meaning?.kind === 'rgb' ? grayOf(meaning) : meaning;
}

/** Gray samples are equal red, green and blue. */
function grayOf({ curves, toXyz }: Extract<ColorProfile, { kind: 'rgb' }>): ColorProfile {
  const [red, green, blue] = curves;
  const [, [ofRed, ofGreen, ofBlue]] = toXyz;
  return { kind: 'gray', curve: (gray) => ofRed * red(gray) + ofGreen * green(gray) + ofBlue * blue(gray) };
}

/** Which sample is alpha: of TIFFs the first that is said to be. */
function alphaOf({ hasAlpha }: FileFacts, colors: 1 | 3, tiff: TiffSamples | undefined): number | undefined {
  if (tiff === undefined) return hasAlpha ? colors : undefined;
  const extra = tiff.extraSamples.findIndex((kind) => kind !== 0);
  return extra === -1 ? undefined : colors + extra;
}

interface Meaning {
  readonly profile: ColorProfile | undefined;
  readonly tiff: TiffSamples | undefined;
}

const bytesOf: Readonly<Record<SampleDepth, number>> = { uchar: 1, ushort: 2, uint: 4, float: 4 };

function planComputed(facts: FileFacts, colors: 1 | 3, { profile, tiff }: Meaning): ColorPlan {
  const { space, width, height, channels } = facts;
  const depth = facts.depth as SampleDepth;
  const alpha = alphaOf(facts, colors, tiff);
  const bytesPerPixel = channels * bytesOf[depth];
  const samples = { space, depth, white: whiteOf(facts), colors, alpha, profile } as const;
  const plan = { kind: 'computed', size: { width, height }, bytesPerPixel, ...samples } as const;
  if (depth === 'uchar' || depth === 'ushort') {
    // The decoder gives 8-bit gray no further samples; as colours it is equal red, green and blue, and the alpha.
    return space === 'b-w' && channels > 1 ? { ...plan, space: 'srgb', alpha: alpha && 3, bytesPerPixel: 4 } : plan;
  }
  if (colors === 1 && channels > 1) return refuse(`${describe(facts)} of gray with alpha`);
  if (depth === 'uint') {
    // The decoder makes 8 bits of these.
    return tiff?.extraSamples.includes(1) === true ? refuse(`${describe(facts)} with premultiplied alpha`) : plan;
  }
  if (tiff?.photometric === 0) return refuse(`${describe(facts)} of which 0 is white`);
  if (profile === undefined) {
    return refuse(`${describe(facts)} without a colour profile, so it is unknown whether they are linear`);
  }
  return space === 'grey16' ? { ...plan, depth: 'ushort', white: 65_535, scale: 65_535 } : plan;
}

function whiteOf({ depth, bitsPerSample = 16 }: FileFacts): number {
  if (depth === 'float') return 1;
  if (depth === 'uint') return 2 ** 32 - 1;
  // 10 and 12 bits stand in the upper part of 16.
  return depth === 'uchar' ? 255 : (2 ** bitsPerSample - 1) * 2 ** (16 - bitsPerSample);
}
