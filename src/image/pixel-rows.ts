import type { PixelKernels } from './wasm/kernels.js';

/** An image whose rows of RGB are written to the kernels' memory when they are asked for. */
export interface PixelRows {
  readonly width: number;
  readonly height: number;
  /** Writes rows `first` to `first + count` to `to`, and up to 48 bytes behind them. */
  readonly write: (first: number, count: number, to: number) => void;
  /** The same of the image at half its size, each pixel the mean of four; where that is whole, and costs less than to halve the rows. */
  readonly writeHalved?: (first: number, count: number, to: number) => void;
}

/** Rows of pixels that lie outside the kernels' memory. */
export function rowsOf(
  { data, width, height }: { readonly data: Uint8Array; readonly width: number; readonly height: number },
  kernels: PixelKernels,
): PixelRows {
  const write = (first: number, count: number, to: number): void => {
    const rows = data.subarray(first * width * 3, (first + count) * width * 3);
    kernels.bytes(to, rows.length).set(rows);
  };
  return { width, height, write };
}
