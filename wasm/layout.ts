// Where the tables lie that the caller writes. src/image/wasm/layout.ts says the same.

/** Huffman tables: 0 to 3 for DC, 4 to 7 for AC. */
export const huffmanAt: usize = 1024;
export const huffmanBytes: i32 = 2048;
export const lookupBits: i32 = 9;

/** 64 bytes: the place in a block, row by row, of each coefficient in the order of the file. */
export const naturalAt: usize = 17408;

/** Up to 4 tables of 64 quantisers of 16 bits, in the order of the file. */
export const quantisersAt: usize = 17536;

/**
 * Components, 8 words each: plane, its bytes a row, blocks across and down in a unit, quantisers, DC table, AC table, and the last
 * DC value, which the decoder keeps.
 */
export const componentsAt: usize = 18176;
export const componentBytes: i32 = 32;

/** Room for one block, and for its sums of 32 bits. */
export const blockAt: usize = 18432;
export const wideAt: usize = 18560;
