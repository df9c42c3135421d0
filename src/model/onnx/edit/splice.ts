import type { WireField, WireReader } from '../fields.js';
import { varint } from '../wire.js';

/** Part of a changed file: new bytes, or bytes of the old one that stay. */
export type Piece = Uint8Array | { readonly start: number; readonly end: number };

/** Where a message lies, and which of its fields are meant (`only`); undefined: all. */
export interface Span extends Pick<WireField, 'start' | 'end'> {
  readonly fields?: number;
}

/** The new content of a field, an empty list of contents to leave it out, or undefined to let it be. */
export type Change = (field: WireField) => readonly Piece[] | 'removed' | undefined;

/**
 * A message with other contents in the fields that `change` answers them for, or undefined where nothing changed. Every other
 * byte stays as and where it was between them, and is not read.
 */
export function splice(wire: WireReader, message: Span, change: Change): readonly Piece[] | undefined {
  const { start, end, fields } = message;
  const pieces: Piece[] = [];
  let written = start;
  for (const field of wire.fields(start, end, fields)) {
    const changed = change(field);
    if (changed === undefined) continue;
    pieces.push({ start: written, end: field.tagStart });
    if (changed !== 'removed') pieces.push(...enclose(field.number, changed));
    written = field.end;
  }
  if (pieces.length > 0) pieces.push({ start: written, end });
  return pieces.length > 0 ? pieces : undefined;
}

/** A length-delimited field of these pieces. */
function enclose(number: number, content: readonly Piece[]): readonly Piece[] {
  const length = content.reduce((sum, piece) => sum + sizeOf(piece), 0);
  return [varint((number << 3) | 2), varint(length), ...content];
}

function sizeOf(piece: Piece): number {
  return piece instanceof Uint8Array ? piece.length : piece.end - piece.start;
}
