/** Calls that stay open until their client, or the server, ends them. */
export class OpenStreams {
  readonly #ends = new Set<() => void>();
  #isStopping = false;

  /** Takes in a stream; `end` is called where the server stops, at once where it does already. Answers what to call when it is over. */
  add(end: () => void): () => void {
    this.#ends.add(end);
    if (this.#isStopping) end();
    return () => this.#ends.delete(end);
  }

  /** Ends them all. */
  stop(): void {
    this.#isStopping = true;
    for (const end of [...this.#ends]) end();
  }
}
