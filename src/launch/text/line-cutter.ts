const longestText = 16 * 1024;

/** Cuts a stream into lines; a line longer than 16 KiB goes out in pieces, the last one at `end` without a newline. */
export class LineCutter {
  readonly #emit: (text: string) => void;
  #rest = '';

  constructor(emit: (text: string) => void) {
    this.#emit = emit;
  }

  push(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#emit(`${line}\n`);
    while (this.#rest.length > longestText) {
      this.#emit(this.#rest.slice(0, longestText));
      this.#rest = this.#rest.slice(longestText);
    }
  }

  end(): void {
    if (this.#rest !== '') this.#emit(this.#rest);
    this.#rest = '';
  }
}
