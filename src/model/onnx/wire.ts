/** Protocol Buffers wire format, writing side (protobuf.dev, "Encoding"): what an ONNX file needs, no more. */
export type Field = Uint8Array;

/** A base-128 varint of a non-negative integer, or of a negative one as 64-bit two's complement. */
export function varint(value: number | bigint): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    const more = rest > 127n;
    bytes.push(Number(rest & 127n) | (more ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

/** An integer, boolean or enum field. */
export function integerField(number: number, value: number | bigint): Field {
  return concat([varint((number << 3) | 0), varint(value)]);
}

/** A 32-bit float field. */
export function floatField(number: number, value: number): Field {
  return concat([varint((number << 3) | 5), new Uint8Array(Float32Array.of(value).buffer)]);
}

/** A length-delimited field: bytes, a text, or a message given as its fields. */
export function bytesField(number: number, value: Uint8Array | string | readonly Field[]): Field {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : isFields(value) ? concat(value) : value;
  return concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

/** One array of all parts. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function isFields(value: Uint8Array | readonly Field[]): value is readonly Field[] {
  return Array.isArray(value);
}
