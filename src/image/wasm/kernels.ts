import { layout } from './layout.js';
import { moduleBase64 } from './module.js';

/** What the module exports; wasm/ says what each does. Positions are bytes in its memory. */
interface Kernels {
  readonly memory: WasmMemory;
  buildHuffman(slot: number, source: number): number;
  decodeScan(from: number, end: number, components: number, across: number, down: number, interval: number): number;
  openPlanes(...args: readonly number[]): void;
  readonly writeRows: (first: number, rows: number, to: number) => void;
  readonly writeHalvedRows: (first: number, rows: number, to: number) => void;
  resampleRows(...args: readonly number[]): void;
  resampleColumns(...args: readonly number[]): void;
  writeValues(...args: readonly number[]): void;
}

interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** The part of WebAssembly's interface that is used; Node's types leave it out. */
interface WasmApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

const { WebAssembly: api } = globalThis as unknown as { readonly WebAssembly: WasmApi };

const pageBytes = 65_536;
/** What wide loads and stores may touch beyond the last byte given out. */
const slackBytes = 256;
/** An instance with more memory than this is dropped after its image: its memory never shrinks. */
const mostKeptBytes = 32 * 2 ** 20;

let compiled: object | undefined;
let kept: PixelKernels | undefined;

/** One instance of the module and the memory that it gives out for one image. */
export class PixelKernels {
  readonly run: Kernels;
  #free: number = layout.freeAt;

  constructor() {
    compiled ??= new api.Module(Buffer.from(moduleBase64, 'base64'));
    this.run = new api.Instance(compiled).exports as Kernels;
  }

  /** Memory for so many bytes, at a multiple of 16; its old content stays. */
  take(bytes: number): number {
    const at = Math.ceil(this.#free / 16) * 16;
    this.#free = at + bytes;
    const missing = this.#free + slackBytes - this.run.memory.buffer.byteLength;
    if (missing > 0) this.run.memory.grow(Math.ceil(missing / pageBytes));
    return at;
  }

  /** A view that holds until memory is taken again. */
  bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.run.memory.buffer, at, length);
  }

  words(at: number, length: number): Int32Array {
    return new Int32Array(this.run.memory.buffer, at, length);
  }

  shorts(at: number, length: number): Int16Array {
    return new Int16Array(this.run.memory.buffer, at, length);
  }

  /** All memory is free again. */
  reset(): void {
    this.#free = layout.freeAt;
  }
}

/** Does work on one image, at once, with memory of its own. */
export function withKernels<T>(work: (kernels: PixelKernels) => T): T {
  const kernels = (kept ??= new PixelKernels());
  kernels.reset();
  try {
    return work(kernels);
  } finally {
    if (kernels.run.memory.buffer.byteLength > mostKeptBytes) kept = undefined;
  }
}
