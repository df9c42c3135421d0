import type { PlainJpeg, Sampling } from './jpeg-plain.js';
import type { PixelRows } from '../pixel-rows.js';
import type { PixelKernels } from '../wasm/kernels.js';
import { huffmanAt, layout, quantiserAt } from '../wasm/layout.js';

/** The place in a block, row by row, of each coefficient in the order of the file (ITU-T T.81, figure A.6). */
const natural = Uint8Array.of(
  ...[0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21],
  ...[28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61],
  ...[54, 47, 55, 62, 63],
);

/**
 * Decodes a plain JPEG's samples and answers its rows. Undefined: its bytes are not as those of a good file, or it has none of its
 * markers at the end, so that a decoder has to judge it that tells the damages apart.
 */
export function decodePlainJpeg(jpeg: Uint8Array, plain: PlainJpeg, kernels: PixelKernels): PixelRows | undefined {
  const from = kernels.take(jpeg.length - plain.scanAt);
  const end = from + jpeg.length - plain.scanAt;
  const planes = takePlanes(plain, kernels);
  const scratch = kernels.take(planes.stride * 6 + 64);
  kernels.bytes(from, end - from).set(jpeg.subarray(plain.scanAt));
  if (!writeTables(plain, kernels)) return undefined;
  writeComponents(plain, planes, kernels);
  const { across, down } = planes;
  const stop = kernels.run.decodeScan(from, end, plain.components.length, across, down, plain.interval);
  if (stop === 0 || !isEnd(kernels.bytes(from, end - from).subarray(stop - from))) return undefined;
  return openRows(plain, { ...planes, scratch }, kernels);
}

interface Planes {
  /** Bytes of a row of luma. */
  readonly stride: number;
  readonly at: readonly number[];
  /** Units of the scan. */
  readonly across: number;
  readonly down: number;
}

const unitSizes: Readonly<Record<Sampling, readonly [across: number, down: number]>> = {
  gray: [8, 8],
  444: [8, 8],
  422: [16, 8],
  420: [16, 16],
};

function takePlanes({ width, height, sampling, components }: PlainJpeg, kernels: PixelKernels): Planes {
  const [unitWidth, unitHeight] = unitSizes[sampling];
  const [across, down] = [Math.ceil(width / unitWidth), Math.ceil(height / unitHeight)];
  // Rows are read 16 samples at a time, those of chroma too.
  const stride = Math.ceil((across * unitWidth) / 32) * 32;
  const at = components.map((_, n) => {
    const [wide, tall] = n === 0 ? [1, 1] : [unitWidth / 8, unitHeight / 8];
    return kernels.take(((stride / wide) * down * unitHeight) / tall);
  });
  return { stride, at, across, down };
}

/** False: a table of codes is none. */
function writeTables({ quantisers, codes }: PlainJpeg, kernels: PixelKernels): boolean {
  for (const [number, table] of quantisers) {
    const words = kernels.words(quantiserAt(number), 64);
    for (let n = 0; n < 64; n += 1) words[n] = ((table[n] ?? 0) << 16) | ((natural[n] ?? 0) * 2);
  }
  return [...codes].every(([slot, table]) => {
    kernels.bytes(layout.sourceAt, table.length).set(table);
    return kernels.run.buildHuffman(slot, layout.sourceAt) === 1;
  });
}

function writeComponents({ components, sampling }: PlainJpeg, { at, stride }: Planes, kernels: PixelKernels): void {
  const words = kernels.words(layout.componentsAt, components.length * 8);
  const [unitWidth, unitHeight] = unitSizes[sampling];
  components.forEach(({ quantiser, dc, ac }, n) => {
    const [wide, tall] = n === 0 ? [unitWidth / 8, unitHeight / 8] : [1, 1];
    const bytes = n === 0 ? stride : stride / (unitWidth / 8);
    words.set([at[n] ?? 0, bytes, wide, tall, quantiserAt(quantiser), huffmanAt(dc), huffmanAt(ac), 0], n * 8);
  });
}

/** The end marker, after any number of fill bytes; what follows it is not looked at. */
function isEnd(rest: Uint8Array): boolean {
  const at = rest.findIndex((byte) => byte !== 0xff);
  return at > 0 && rest[at] === 0xd9;
}

/** Numbers of wasm/chroma.ts. */
const samplings: Readonly<Record<Sampling, number>> = { gray: 0, 444: 1, 422: 2, 420: 3 };

function openRows(
  { width, height, sampling }: PlainJpeg,
  { at: [luma = 0, blue = 0, red = 0], stride, scratch }: Planes & { readonly scratch: number },
  { run }: PixelKernels,
): PixelRows {
  run.openPlanes(luma, blue, red, stride, width, height, samplings[sampling], scratch);
  const rows = { width, height, write: run.writeRows };
  return width % 2 === 0 && height % 2 === 0 ? { ...rows, writeHalved: run.writeHalvedRows } : rows;
}
