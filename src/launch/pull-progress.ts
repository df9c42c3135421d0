import type { ImageProgress } from './docker/types.js';

/** Adds up a transfer's layers into one line: `3 of 7 layers, 45.2 of 120.0 MB`. */
export class TransferProgress {
  readonly #layers = new Map<string, { readonly current: number; readonly total: number; readonly isDone: boolean }>();

  /** Takes one report and answers the line for all so far. */
  add({ layer, text, currentBytes, totalBytes }: ImageProgress): string {
    if (layer === undefined) return text;
    const before = this.#layers.get(layer);
    const isDone = /complete|already exists|pushed/i.test(text);
    const total = totalBytes ?? before?.total ?? 0;
    this.#layers.set(layer, { total, current: isDone ? total : (currentBytes ?? before?.current ?? 0), isDone });
    const all = [...this.#layers.values()];
    const sum = (values: readonly number[]): string => (values.reduce((a, b) => a + b, 0) / 1e6).toFixed(1);
    const done = all.filter((one) => one.isDone).length;
    return `${done} of ${all.length} layers, ${sum(all.map((one) => one.current))} of ${sum(all.map((one) => one.total))} MB`;
  }
}
