/** Where the module's tables lie in its memory; wasm/layout.ts says the same. */
export const layout = {
  /** Room for a table's counts and symbols before it is built. */
  sourceAt: 0,
  componentsAt: 21_504,
  /** From here on memory is given out. */
  freeAt: 21_760,
} as const;

/** Where table n of four lies, in its two forms. */
export const quantiserAt = (n: number): number => 20_480 + n * 256;
/** Where a Huffman table lies in the module's memory. */
export const huffmanAt = (slot: number): number => 1024 + slot * 2432;
