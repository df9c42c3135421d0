/** A message in pieces that lie where they were made: they are copied once, into what goes to the socket. */
export class MessageParts {
  readonly parts: readonly Uint8Array[];
  readonly byteLength: number;
  /** How many of its bytes are views on memory of tensors. */
  readonly viewedBytes: number;

  constructor(parts: readonly Uint8Array[], viewedBytes = 0) {
    this.parts = parts;
    this.viewedBytes = viewedBytes;
    this.byteLength = parts.reduce((sum, { length }) => sum + length, 0);
  }

  /** Writes the message into `target` from byte `at` on, as a Buffer does. */
  copy(target: Uint8Array, at: number): void {
    let to = at;
    for (const part of this.parts) {
      target.set(part, to);
      to += part.length;
    }
  }
}
