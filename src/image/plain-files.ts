import type { ImageConfig } from '../model/config.js';
import type { ImageInput } from '../model/image-input.js';
import { arrayOf } from '../tensor/datatype.js';
import { elementsPerRow, fitsShape, type Shape } from '../tensor/shape.js';
import type { BytesElement, BytesTensor, NumericTensor } from '../tensor/tensor.js';
import { channelTables, imageDatatype } from './channel-tables.js';
import { decodePlain } from './decode.js';
import { readJpegHeader } from './files/jpeg-header.js';
import type { ImageSize } from './fit.js';
import { centreWindow, leaveWords, writePixels, type Pixels } from './preprocess.js';
import type { PixelKernels } from './wasm/kernels.js';

/** Image files as they wait for the worker that makes a tensor of them. */
export interface PlainFiles {
  readonly tensor: BytesTensor;
  /** Of the images. */
  readonly sizes: readonly ImageSize[];
  /** Of the tensor that they become. */
  readonly shape: Shape;
}

/** Files of more pixels in all would keep a worker from its runs for too long. */
const mostInAll = 4 * 2 ** 20;

/**
 * Files that seem to be JPEGs of the plain kind, by their headers, and become a tensor of a shape that is known before they are decoded.
 * Undefined where they may not be, or there is anything to complain of, such as an image of more than `mostPixels`.
 */
export function findPlainFiles(
  files: readonly BytesElement[],
  { config, spec }: ImageInput,
  mostPixels: number,
): PlainFiles | undefined {
  const { width, height } = config.resize;
  if (width * height > mostPixels) return undefined;
  const shape = shapeOf(files.length, config);
  if (shape === undefined || !fitsShape(shape, spec.shape)) return undefined;
  const data: Uint8Array[] = [];
  const sizes: ImageSize[] = [];
  let pixels = 0;
  for (const file of files) {
    const size = typeof file === 'string' ? undefined : plainSize(file);
    if (typeof file === 'string' || size === undefined || size.width * size.height > mostPixels) return undefined;
    // A view's whole memory would cross with it.
    data.push(file.byteLength === file.buffer.byteLength ? file : new Uint8Array(file));
    sizes.push(size);
    pixels += size.width * size.height;
  }
  const tensor = { datatype: 'BYTES', shape: [files.length], data } as const;
  return pixels > mostInAll ? undefined : { tensor, sizes, shape };
}

function plainSize(file: Uint8Array): ImageSize | undefined {
  if (file[0] !== 0xff || file[1] !== 0xd8) return undefined;
  const header = readJpegHeader(file);
  if (header === undefined || header.frame > 1 || header.bits !== 8) return undefined;
  return header.isTurned || header.hasProfile ? undefined : { width: header.width, height: header.height };
}

/** Undefined where it depends on the images. */
function shapeOf(rows: number, { resize, crop, color, layout }: ImageConfig): Shape | undefined {
  const { fit, multiple } = resize;
  if (!['fill', 'cover', 'contain'].includes(fit) || multiple !== undefined) return undefined;
  const { width, height } = crop ?? resize;
  if (width > resize.width || height > resize.height) return undefined;
  const channels = color === 'gray' ? 1 : 3;
  return layout === 'NCHW' ? [rows, channels, height, width] : [rows, height, width, channels];
}

/** What a tensor may be made in: memory that is used where it fits, or that of the decoder, where the next image comes. */
export interface Reuse {
  readonly spare: ArrayBuffer | undefined;
  readonly isLent: boolean;
}

/** Files of `findPlainFiles` as a tensor, undefined where they turn out to be others. */
export function readPlainFiles(
  files: readonly BytesElement[],
  { config, spec }: ImageInput,
  { spare, isLent }: Reuse = { spare: undefined, isLent: false },
): NumericTensor | undefined {
  const { color, layout, crop, resize } = config;
  const datatype = imageDatatype(spec);
  const Typed = arrayOf(datatype);
  const coding = { color, layout, tables: channelTables(config, datatype) };
  const shape = shapeOf(files.length, config) ?? [];
  const length = elementsPerRow(shape);
  const read = <T>(file: BytesElement, use: (pixels: Pixels, kernels: PixelKernels) => T): T | undefined =>
    typeof file === 'string' ? undefined : decodePlain(file, resize, use);
  const [first] = files;
  if (isLent && files.length === 1 && first !== undefined && color !== 'gray' && Typed.BYTES_PER_ELEMENT === 4) {
    const data = read(first, (pixels, kernels) => {
      const at = leaveWords(pixels, centreWindow(pixels, crop), { coding, kernels });
      return new Typed(kernels.run.memory.buffer, at, length);
    });
    return data && { datatype, shape, data };
  }
  const bytes = length * files.length * Typed.BYTES_PER_ELEMENT;
  const data = new Typed(spare?.byteLength === bytes ? spare : new ArrayBuffer(bytes));
  const areRead = files.every((file, n) => {
    const out = data.subarray(n * length, (n + 1) * length);
    return read(file, (pixels, kernels) => {
      writePixels(pixels, centreWindow(pixels, crop), { coding, out, kernels });
      return true;
    });
  });
  return areRead ? { datatype, shape, data } : undefined;
}
