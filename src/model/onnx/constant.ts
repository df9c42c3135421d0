import { only, type WireField, type WireReader } from './fields.js';
import type { OnnxConstant } from '../structure.js';

/** Values of a constant are read up to this number; shapes, axes and paddings are far smaller. */
const mostValues = 1024;
const fields = only(1, 2, 4, 5, 7, 8, 9, 14);

/** How the element types of TensorProto.DataType that may decide a shape lie in `raw_data`. */
const rawReaders: Readonly<
  Record<number, { readonly bytes: number; readonly get: (view: DataView, at: number) => number }>
> = {
  1: { bytes: 4, get: (view, at) => view.getFloat32(at, true) },
  2: { bytes: 1, get: (view, at) => view.getUint8(at) },
  3: { bytes: 1, get: (view, at) => view.getInt8(at) },
  6: { bytes: 4, get: (view, at) => view.getInt32(at, true) },
  7: { bytes: 8, get: (view, at) => Number(view.getBigInt64(at, true)) },
  9: { bytes: 1, get: (view, at) => view.getUint8(at) },
  11: { bytes: 8, get: (view, at) => view.getFloat64(at, true) },
};

/**
 * TensorProto: dims 1, data_type 2, float_data 4, int32_data 5, int64_data 7, name 8, raw_data 9, data_location 14. Answers the
 * values of a small one; of others the bytes are not looked at.
 */
export function readConstant(wire: WireReader, message: WireField): OnnxConstant & { readonly name: string } {
  const dims: number[] = [];
  const typed: WireField[] = [];
  let [name, type, isExternal] = ['', 0, false];
  let raw: WireField | undefined;
  for (const field of wire.fields(message.start, message.end, fields)) {
    if (field.number === 1) dims.push(...(field.kind === 'bytes' ? wire.integers(field, 32) : [field.value]));
    else if (field.number === 2) type = field.value;
    else if (field.number === 8) name = wire.text(field);
    else if (field.number === 9) raw = field;
    else if (field.number === 14) isExternal = field.value === 1;
    else if (typed.length <= mostValues) typed.push(field);
  }
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (isExternal || count > mostValues || rawReaders[type] === undefined) return { name, dims };
  const values = raw === undefined ? readTyped(wire, typed, count) : readRaw(wire, raw, type);
  return values.length === count ? { name, dims, values } : { name, dims };
}

/** SparseTensorProto: values 1 (which carries the name), dims 3. */
export function readSparseConstant(wire: WireReader, message: WireField): OnnxConstant & { readonly name: string } {
  const dims: number[] = [];
  let name = '';
  for (const field of wire.fields(message.start, message.end, only(1, 3))) {
    if (field.number === 1) name = readConstant(wire, field).name;
    else dims.push(...(field.kind === 'bytes' ? wire.integers(field, 32) : [field.value]));
  }
  return { name, dims };
}

function readRaw(wire: WireReader, { start, end }: WireField, type: number): readonly number[] {
  const reader = rawReaders[type];
  if (reader === undefined || end - start > mostValues * 8) return [];
  const bytes = wire.bytes(start, end - start);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.length / reader.bytes) }, (_, index) =>
    reader.get(view, index * reader.bytes),
  );
}

function readTyped(wire: WireReader, typed: readonly WireField[], count: number): readonly number[] {
  return typed.flatMap((field) => {
    if (field.number === 4) return field.kind === 'bytes' ? wire.floats(field, count) : [wire.float(field)];
    return field.kind === 'bytes' ? wire.integers(field, count) : [field.value];
  });
}
