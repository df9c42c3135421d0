const retryMs = 1000;

/** Writes to files, one after the other. Those that fail, as on a full disk, are tried again every second until all are done. */
export class OwedWrites {
  readonly #onFailure: (thrown: unknown) => void;
  readonly #owed = new Set<() => Promise<void>>();
  #turn = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #hasTold = false;

  /** Hears of the first failure after a success. */
  constructor(onFailure: (thrown: unknown) => void) {
    this.#onFailure = onFailure;
  }

  /** Resolves once it was tried. A write that is owed already is not tried twice. */
  add(write: () => Promise<void>): Promise<void> {
    this.#owed.add(write);
    this.#turn = this.#turn.then(() => this.#tryAll());
    return this.#turn;
  }

  async #tryAll(): Promise<void> {
    clearTimeout(this.#timer);
    for (const write of this.#owed) {
      // Before it begins: what changes meanwhile is another write.
      this.#owed.delete(write);
      try {
        await write();
        this.#hasTold = false;
      } catch (thrown) {
        this.#owed.add(write);
        if (!this.#hasTold) this.#onFailure(thrown);
        this.#hasTold = true;
        this.#timer = setTimeout(() => void this.add(write), retryMs).unref();
        return;
      }
    }
  }
}
