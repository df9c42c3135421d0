/** Where the module's tables lie in its memory; wasm/layout.ts says the same. */
export const layout = {
  /** Room for a table's counts and symbols before it is built. */
  sourceAt: 0,
  naturalAt: 17_408,
  quantisersAt: 17_536,
  componentsAt: 18_176,
  /** From here on memory is given out. */
  freeAt: 20_480,
} as const;

/** Where table n of four lies, in its two forms. */
export const quantiserAt = (n: number): number => layout.quantisersAt + n * 128;
export const huffmanAt = (slot: number): number => 1024 + slot * 2048;
