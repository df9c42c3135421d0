// Where the tables lie that the caller writes. src/image/wasm/layout.ts says the same.

/** Huffman tables: 0 to 3 for DC, 4 to 7 for AC; in each the entries of its codes' first bits, then limits by length, then symbols. */
export const huffmanAt: usize = 1024;
export const huffmanBytes: i32 = 2432;
export const lookupBits: i32 = 9;
export const limitsAt: i32 = 2048;
export const symbolsAt: i32 = 2176;

/** Up to 4 tables of 64 words in the order of the file: the place in a block, row by row, in bytes; the quantiser in the upper half. */
export const quantisersAt: usize = 20480;

/**
 * Components, 8 words each: plane, its bytes a row, blocks across and down in a unit, quantisers, DC table, AC table, and the last
 * DC value, which the decoder keeps.
 */
export const componentsAt: usize = 21504;
export const componentBytes: i32 = 32;

/** Room for one block. */
export const blockAt: usize = 21632;
