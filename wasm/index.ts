export { buildHuffman, decodeScan } from './jpeg';
export { openPlanes } from './chroma';
export { writeRows, writeHalvedRows } from './rows';
export { resampleColumns, resampleRows } from './resample';
export { writeValues } from './values';
