import { AppError } from '../../errors.js';
import { arrayOf, datatypes, type NumericDatatype } from '../../tensor/datatype.js';
import { countElements } from '../../tensor/shape.js';
import type { NumericTensor } from '../../tensor/tensor.js';

/** NumPy's names of element types by ours; BF16 has none. */
const descriptors: readonly (readonly [NumericDatatype, string])[] = [
  ['BOOL', 'b1'],
  ['UINT8', 'u1'],
  ['UINT16', 'u2'],
  ['UINT32', 'u4'],
  ['UINT64', 'u8'],
  ['INT8', 'i1'],
  ['INT16', 'i2'],
  ['INT32', 'i4'],
  ['INT64', 'i8'],
  ['FP16', 'f2'],
  ['FP32', 'f4'],
  ['FP64', 'f8'],
];

const magic = Buffer.from('\x93NUMPY', 'latin1');

/** Whether bytes begin as a .npy file does. */
export function isNpy(bytes: Buffer): boolean {
  return bytes.subarray(0, magic.length).equals(magic);
}

/** Reads a .npy file (NumPy's format 1 to 3): any byte order, row-major. Throws INVALID_INPUT that says what it holds instead. */
export function parseNpy(bytes: Buffer): NumericTensor {
  const isLong = (bytes[6] ?? 1) > 1;
  const start = isLong ? 12 : 10;
  if (bytes.length < start) throw cut(bytes.length);
  const end = start + (isLong ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8));
  const header = bytes.toString('latin1', start, end);
  const [, order = '', type = ''] = /'descr':\s*'([<>|=])(\w+)'/.exec(header) ?? [];
  const dims = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  const datatype = descriptors.find(([, name]) => name === type)?.[0];
  if (datatype === undefined || dims === undefined) {
    const held = /'descr':\s*([^}]*?),\s*'/.exec(header)?.[1] ?? 'something that cannot be read';
    throw invalid(`it holds ${held}, expected numbers or booleans`);
  }
  if (/'fortran_order':\s*True/.test(header)) {
    throw invalid('its elements are in column order: save it with numpy.save(FILE, numpy.ascontiguousarray(x))');
  }
  const shape = dims.split(',').flatMap((size) => (size.trim() === '' ? [] : [Number(size)]));
  const size = datatypes[datatype].bytes;
  const length = (countElements(shape) ?? Infinity) * size;
  if (bytes.length - end < length) throw cut(bytes.length);
  const content = new Uint8Array(bytes.subarray(end, end + length));
  if (order === '>') for (let at = 0; at < length; at += size) content.subarray(at, at + size).reverse();
  const Elements = arrayOf(datatype);
  return { datatype, shape, data: new Elements(content.buffer, 0, length / size) };
}

function invalid(reason: string): AppError {
  return new AppError('INVALID_INPUT', `The .npy file cannot be used: ${reason}.`);
}

function cut(length: number): AppError {
  return invalid(`it ends after ${length} bytes, before its last element`);
}

/** Writes a .npy file (format 1); undefined for BF16, which NumPy has no name for. */
export function formatNpy({ datatype, shape, data }: NumericTensor): Buffer | undefined {
  const type = descriptors.find(([name]) => name === datatype)?.[1];
  if (type === undefined) return undefined;
  const order = type.endsWith('1') ? '|' : '<';
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${order}${type}', 'fortran_order': False, 'shape': (${dims}), }`;
  // The elements begin at a multiple of 64 bytes.
  const padded = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const head = Buffer.alloc(10);
  magic.copy(head);
  head[6] = 1;
  head.writeUInt16LE(padded.length, 8);
  return Buffer.concat([head, Buffer.from(padded), new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
}
