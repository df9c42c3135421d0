import { arrayOf, datatypes, type Datatype, type NumericData } from '../../src/tensor/datatype.js';
import type { Tensor } from '../../src/tensor/tensor.js';

const alphabet = ['a', '"', '\\', '\n', '\u0001', 'ß', '\u2028', '\ud83d\ude00', '\ufeff', ' '];

/** A tensor of random bits: every pattern of its datatype is as likely as any other, NaN excepted. */
export function randomTensor(datatype: Datatype, length: number, random: () => number): Tensor {
  const shape = [length];
  if (datatype === 'BYTES') {
    const text = (): string =>
      Array.from({ length: Math.floor(random() * 8) }, () => alphabet[Math.floor(random() * alphabet.length)]).join('');
    return { datatype, shape, data: Array.from({ length }, text) };
  }
  const bytes = Uint8Array.from({ length: length * datatypes[datatype].bytes }, () => Math.floor(random() * 256));
  if (datatype === 'BOOL') return { datatype, shape, data: bytes.map((byte) => byte % 2) };
  const data: NumericData = new (arrayOf(datatype))(bytes.buffer);
  if (data instanceof Float32Array || data instanceof Float64Array) {
    data.forEach((value, i) => (data[i] = Number.isFinite(value) ? value : -0));
  }
  return { datatype, shape, data };
}
