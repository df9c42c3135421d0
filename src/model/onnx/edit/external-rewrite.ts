import { broken, limits, only, WireReader, type WireField } from '../fields.js';
import { varint } from '../wire.js';

/** The new value of an entry of a tensor's `external_data`; the same one leaves it as it is. */
export type ReplaceValue = (key: string, value: string) => string;

type Span = Pick<WireField, 'start' | 'end'>;
type Change = (field: WireField) => readonly Uint8Array[] | undefined;
type Message = 'model' | 'function' | 'graph' | 'node' | 'attribute' | 'sparse' | 'tensor' | 'entry';

/** Fields that lead to `TensorProto.external_data`, by message and number (onnx.proto). */
const paths: Readonly<Record<Message, Readonly<Record<number, Message>>>> = {
  model: { 7: 'graph', 25: 'function' },
  function: { 7: 'node' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: { 13: 'entry' },
  entry: {},
};

const entryFields = { key: 1, value: 2 } as const;

/**
 * The bytes of an ONNX file, in pieces to be written one after the other, with new values for where its tensors' data lie in
 * other files; all else stays byte for byte, and pieces that stay are views of `model`. Throws MODEL_INVALID for a damaged file.
 */
export function rewriteExternalData(model: Uint8Array, replace: ReplaceValue): readonly Uint8Array[] {
  return new Rewriter(model, replace).message('model', { start: 0, end: model.length }, 0) ?? [model];
}

class Rewriter {
  readonly #bytes: Uint8Array;
  readonly #replace: ReplaceValue;
  readonly #wire: WireReader;

  constructor(bytes: Uint8Array, replace: ReplaceValue) {
    this.#bytes = bytes;
    this.#replace = replace;
    this.#wire = new WireReader({ size: bytes.length, read: (at, length) => bytes.subarray(at, at + length) });
  }

  /** The pieces of a message of which something changed. */
  message(kind: Message, { start, end }: Span, depth: number): readonly Uint8Array[] | undefined {
    if (kind === 'entry') return this.#entry({ start, end });
    if (depth > limits.depth) throw broken(`its graphs are nested more than ${limits.depth} deep`);
    return this.#splice({ start, end }, only(...Object.keys(paths[kind]).map(Number)), (field) => {
      const inner = field.kind === 'bytes' ? paths[kind][field.number] : undefined;
      return inner && this.message(inner, field, inner === 'graph' ? depth + 1 : depth);
    });
  }

  /** StringStringEntryProto. */
  #entry(entry: Span): readonly Uint8Array[] | undefined {
    const keys = [...this.#wire.fields(entry.start, entry.end, only(entryFields.key))];
    const key = keys.map((field) => this.#wire.passingText(field)).join('');
    return this.#splice(entry, only(entryFields.value), (field) => {
      const value = this.#wire.passingText(field);
      const replaced = this.#replace(key, value);
      return replaced === value ? undefined : [new TextEncoder().encode(replaced)];
    });
  }

  /** A message with other bytes in the fields that `change` answers them for. */
  #splice({ start, end }: Span, wanted: number, change: Change): readonly Uint8Array[] | undefined {
    const pieces: Uint8Array[] = [];
    let written = start;
    for (const field of this.#wire.fields(start, end, wanted)) {
      const changed = change(field);
      if (changed === undefined) continue;
      pieces.push(this.#bytes.subarray(written, field.tagStart), ...heading(field.number, changed));
      for (const piece of changed) pieces.push(piece);
      written = field.end;
    }
    if (pieces.length > 0) pieces.push(this.#bytes.subarray(written, end));
    return pieces.length > 0 ? pieces : undefined;
  }
}

/** What stands before the bytes of a length-delimited field: tag and length. */
function heading(number: number, content: readonly Uint8Array[]): readonly Uint8Array[] {
  const length = content.reduce((sum, { length }) => sum + length, 0);
  return [varint((number << 3) | 2), varint(length)];
}
