/** From this length on a piece is written by itself instead of being joined to its neighbours. */
const longPiece = 4096;

/** JSON in the making: pieces that are put into one Buffer at the end, large ones without a copy between. */
export class JsonText {
  readonly #pieces: { text: string; readonly isAscii: boolean }[] = [];

  /** Adds any text. */
  add(text: string): void {
    const last = this.#pieces.at(-1);
    if (last?.isAscii === false) last.text += text;
    else this.#pieces.push({ text, isAscii: false });
  }

  /** Adds text that is known to be ASCII, which is written without looking for other characters. */
  addAscii(text: string): void {
    if (text.length < longPiece) this.add(text);
    else this.#pieces.push({ text, isAscii: true });
  }

  /** The text as UTF-8, followed by `parts`; `headerLength` says how long the text is. */
  toBuffer(parts: readonly Uint8Array[] = []): { readonly body: Buffer; readonly headerLength: number } {
    const [only] = this.#pieces;
    if (only !== undefined && this.#pieces.length === 1 && parts.length === 0) {
      const body = Buffer.from(only.text);
      return { body, headerLength: body.length };
    }
    const lengths = this.#pieces.map(({ text, isAscii }) => (isAscii ? text.length : Buffer.byteLength(text)));
    const headerLength = lengths.reduce((sum, length) => sum + length, 0);
    const body = Buffer.allocUnsafe(parts.reduce((sum, part) => sum + part.length, headerLength));
    let at = 0;
    for (const { text, isAscii } of this.#pieces) at += body.write(text, at, isAscii ? 'latin1' : 'utf8');
    for (const part of parts) {
      body.set(part, at);
      at += part.length;
    }
    return { body, headerLength };
  }

  toString(): string {
    return this.#pieces.map(({ text }) => text).join('');
  }
}
