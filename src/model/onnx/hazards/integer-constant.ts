import type { KnownValue } from './integer-rules.js';
import { only, type WireField, type WireReader } from '../fields.js';

/** Bytes of a constant up to which it is looked into; divisors are small. */
const mostBytes = 4096;

/** TensorProto: data_type 2, int32_data 5, int64_data 7, name 8, raw_data 9. Values only of small INT32 and INT64 tensors. */
export function readTensorFacts(wire: WireReader, message: WireField): KnownValue & { readonly name: string } {
  let [name, type] = ['', 0];
  let values: readonly number[] = [];
  let raw: WireField | undefined;
  for (const field of wire.fields(message.start, message.end, only(2, 5, 7, 8, 9))) {
    if (field.number === 2) type = field.value;
    else if (field.number === 8) name = wire.passingText(field);
    else if (field.number === 9) raw = field;
    else values = [...values, ...readIntegers(wire, field)];
  }
  if (raw !== undefined) values = readRaw(wire, raw, type);
  if (values.length === 0 || (type !== 6 && type !== 7)) return { name, type };
  return { name, type, values, isCount: values.every((value) => value >= 0) };
}

/** The integers of a repeated field, one by one or packed; none where there are too many to be of interest. */
export function readIntegers(wire: WireReader, { kind, value, start, end }: WireField): readonly number[] {
  if (kind === 'integer') return [value];
  if (end - start > mostBytes) return [];
  const integers: number[] = [];
  let [bits, shift] = [0n, 0n];
  for (const byte of wire.bytes(start, end - start)) {
    bits |= BigInt(byte & 127) << shift;
    shift += 7n;
    if (byte > 127) continue;
    integers.push(Number(BigInt.asIntN(64, bits)));
    [bits, shift] = [0n, 0n];
  }
  return integers;
}

function readRaw(wire: WireReader, { start, end }: WireField, type: number): readonly number[] {
  const size = type === 7 ? 8 : 4;
  if (end - start > mostBytes) return [];
  const bytes = wire.bytes(start, end - start);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.length / size) }, (_, index) =>
    type === 7 ? Number(view.getBigInt64(index * 8, true)) : view.getInt32(index * 4, true),
  );
}
