// Reads what a test holds in the wire format (onnx.proto3): by definition, and by nothing of the server's own.

/** The fields of a message in file order: number, and either an integer or the bytes. */
export function* fieldsOf(bytes) {
  let at = 0;
  const varint = () => {
    let [value, shift] = [0n, 0n];
    for (;;) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('the message is cut off');
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
      shift += 7n;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const [number, kind] = [tag >> 3, tag & 7];
    if (kind === 0) {
      yield { number, integer: BigInt.asIntN(64, varint()) };
      continue;
    }
    const length = { 1: 8, 5: 4 }[kind] ?? Number(varint());
    yield { number, bytes: bytes.subarray(at, at + length) };
    at += length;
  }
}

/** The last message or text of a field, or undefined. */
export function lastOf(bytes, number) {
  return allOf(bytes, number).at(-1);
}

/** All messages or texts of a field. */
export function allOf(bytes, number) {
  return [...fieldsOf(bytes)].filter((field) => field.number === number && field.bytes).map((field) => field.bytes);
}

/** All integers of a repeated field, packed or not. */
export function integersOf(bytes, number) {
  return [...fieldsOf(bytes)]
    .filter((field) => field.number === number)
    .flatMap((field) => (field.bytes === undefined ? [field.integer] : unpack(field.bytes)));
}

function unpack(bytes) {
  const found = [];
  let [value, shift] = [0n, 0n];
  for (const byte of bytes) {
    value |= BigInt(byte & 127) << shift;
    shift += 7n;
    if (byte >= 128) continue;
    found.push(BigInt.asIntN(64, value));
    [value, shift] = [0n, 0n];
  }
  return found;
}

const text = (bytes) => Buffer.from(bytes ?? []).toString('utf8');
const kinds = { 1: 'tensor', 4: 'sequence', 5: 'map', 8: 'sparse', 9: 'optional' };

/** The declared inputs that have no default and the outputs of a ModelProto: name, and how their type nests (`optional sequence tensor`). */
export function readSignature(model) {
  const graph = lastOf(model, 7) ?? new Uint8Array(0);
  const defaults = new Set(allOf(graph, 5).map((initializer) => text(lastOf(initializer, 8))));
  const declared = (number) =>
    allOf(graph, number).map((value) => ({ name: text(lastOf(value, 1)), type: describeType(lastOf(value, 2)) }));
  return { inputs: declared(11).filter(({ name }) => !defaults.has(name)), outputs: declared(12) };
}

function describeType(type) {
  if (type === undefined) return 'unknown';
  const [field] = [...fieldsOf(type)].filter(({ number }) => kinds[number] !== undefined);
  if (field === undefined) return 'unknown';
  const kind = kinds[field.number];
  return kind === 'sequence' || kind === 'optional' ? `${kind} ${describeType(lastOf(field.bytes, 1))}` : kind;
}
