import type { BytesElement } from '../../tensor/tensor.js';
import { ascii, type JsonReader } from './reader.js';
import { ElementSink, readsOn, type ElementsDue } from './elements.js';

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

/** BYTES elements: strings, and `{"b64": "..."}` objects where the protocol has them. */
export class TextSink extends ElementSink {
  readonly #target: BytesElement[];
  readonly #hasBase64: boolean;

  constructor(target: BytesElement[], due: ElementsDue & { readonly hasBase64: boolean }) {
    super(due);
    this.#target = target;
    this.#hasBase64 = due.hasBase64;
  }

  readRun(reader: JsonReader): void {
    do {
      if (this.index >= this.due.count) this.failOverrun();
      const isObject = this.#hasBase64 && reader.peek() === ascii.openObject;
      this.#target[this.index++] = isObject ? readBase64(reader) : reader.readString(`${this.due.label}: an element`);
    } while (readsOn(reader));
  }
}

/** Reads `{"b64": "<base64>"}`. */
function readBase64(reader: JsonReader): Uint8Array {
  let bytes: Uint8Array | undefined;
  reader.readObject('a binary string', (key) => {
    if (key !== 'b64' || bytes !== undefined) reader.fail("a binary string has one key, 'b64', once");
    const text = reader.readString("'b64'");
    if (!base64.test(text)) reader.fail("'b64' is not valid base64");
    bytes = Buffer.from(text, 'base64');
  });
  return bytes ?? reader.fail("a binary string has no 'b64'");
}

const base64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
