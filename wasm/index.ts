export { buildHuffman, decodeScan } from './jpeg';
export { colorsOf444, colorsOfHalf, colorsOfGray } from './color';
export { resampleColumns, resampleRows } from './resample';
export { writeValues } from './values';
