import { isUtf8 } from 'node:buffer';
import { broken, limits, only, type WireField, type WireReader } from './fields.js';

/** Fields that lead to texts, by message (onnx.proto). */
const wanted = {
  /** ModelProto: graph 7, functions 25. */
  model: only(7, 25),
  /** FunctionProto: node 7. */
  function: only(7),
  /** GraphProto: node 1, initializer 5. */
  graph: only(1, 5),
  /** NodeProto: attribute 5. */
  node: only(5),
  /** AttributeProto: s 4, t 5, g 6, strings 9, tensors 10, graphs 11. */
  attribute: only(4, 5, 6, 9, 10, 11),
  /** TensorProto: string_data 6. */
  tensor: only(6),
} as const;

type Message = keyof typeof wanted;

/** What each field of a message is: a text, or a message that may hold some. */
const parts: Readonly<Record<Message, Readonly<Record<number, Message | 'text'>>>> = {
  model: { 7: 'graph', 25: 'function' },
  function: { 7: 'node' },
  graph: { 1: 'node', 5: 'tensor' },
  node: { 5: 'attribute' },
  attribute: { 4: 'text', 5: 'tensor', 6: 'graph', 9: 'text', 10: 'tensor', 11: 'graph' },
  tensor: { 6: 'text' },
};

/** Whether all texts that a model computes with, in constants and attributes, are valid UTF-8. Throws MODEL_INVALID for what is no model. */
export function findsOnlyUtf8(wire: WireReader, size: number): boolean {
  return isClean(wire, 'model', { start: 0, end: size, depth: 0 });
}

interface Span extends Pick<WireField, 'start' | 'end'> {
  readonly depth: number;
}

function isClean(wire: WireReader, message: Message, { start, end, depth }: Span): boolean {
  // Graph, node and attribute are one level of nested graphs.
  if (depth > 3 * limits.depth + 3) throw broken(`its graphs are nested more than ${limits.depth} deep`);
  for (const field of wire.fields(start, end, wanted[message])) {
    const part = parts[message][field.number];
    if (part === undefined || field.kind !== 'bytes') continue;
    const isFine =
      part === 'text'
        ? isUtf8(wire.bytes(field.start, field.end - field.start))
        : isClean(wire, part, { ...field, depth: depth + 1 });
    if (!isFine) return false;
  }
  return true;
}
