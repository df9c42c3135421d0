import { broken, limits, only, WireReader, type WireField } from '../fields.js';
import { splice, type Piece, type Span } from './splice.js';

/** The new value of an entry of a tensor's `external_data`; the same one leaves it as it is. */
export type ReplaceValue = (key: string, value: string) => string;

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
  const pieces = new Rewriter(model, replace).message('model', { start: 0, end: model.length }, 0);
  return (
    pieces?.map((piece) => (piece instanceof Uint8Array ? piece : model.subarray(piece.start, piece.end))) ?? [model]
  );
}

class Rewriter {
  readonly #replace: ReplaceValue;
  readonly #wire: WireReader;

  constructor(bytes: Uint8Array, replace: ReplaceValue) {
    this.#replace = replace;
    this.#wire = new WireReader({ size: bytes.length, read: (at, length) => bytes.subarray(at, at + length) });
  }

  /** The pieces of a message of which something changed. */
  message(kind: Message, { start, end }: Span, depth: number): readonly Piece[] | undefined {
    if (kind === 'entry') return this.#entry({ start, end });
    if (depth > limits.depth) throw broken(`its graphs are nested more than ${limits.depth} deep`);
    const change = (field: WireField): readonly Piece[] | undefined => {
      const inner = field.kind === 'bytes' ? paths[kind][field.number] : undefined;
      return inner && this.message(inner, field, inner === 'graph' ? depth + 1 : depth);
    };
    return splice(this.#wire, { start, end, fields: only(...Object.keys(paths[kind]).map(Number)) }, change);
  }

  /** StringStringEntryProto. */
  #entry({ start, end }: Span): readonly Piece[] | undefined {
    const keys = [...this.#wire.fields(start, end, only(entryFields.key))];
    const key = keys.map((field) => this.#wire.passingText(field)).join('');
    const change = (field: WireField): readonly Piece[] | undefined => {
      const value = this.#wire.passingText(field);
      const replaced = this.#replace(key, value);
      return replaced === value ? undefined : [new TextEncoder().encode(replaced)];
    };
    return splice(this.#wire, { start, end, fields: only(entryFields.value) }, change);
  }
}
