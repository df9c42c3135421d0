import { ElementSink, readsOn, type ElementsDue } from './elements.js';
import type { JsonReader } from './reader.js';

/** BOOL elements: `true` and `false` only. */
export class BooleanSink extends ElementSink {
  readonly #target: Uint8Array;

  constructor(target: Uint8Array, due: ElementsDue) {
    super(due);
    this.#target = target;
  }

  readRun(reader: JsonReader): void {
    do {
      if (this.index >= this.due.count) this.failOverrun();
      this.#target[this.index++] = reader.readBoolean(`${this.due.label}: an element of datatype BOOL`) ? 1 : 0;
    } while (readsOn(reader));
  }
}

/** BYTES elements: strings. */
export class TextSink extends ElementSink {
  readonly #target: string[];

  constructor(target: string[], due: ElementsDue) {
    super(due);
    this.#target = target;
  }

  readRun(reader: JsonReader): void {
    do {
      if (this.index >= this.due.count) this.failOverrun();
      this.#target[this.index++] = reader.readString(`${this.due.label}: an element of datatype BYTES`);
    } while (readsOn(reader));
  }
}
