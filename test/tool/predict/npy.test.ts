import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatNpy, isNpy, parseNpy } from '../../../src/tool/predict/npy.js';

/** A .npy file by NumPy's own description of the format (numpy.lib.format), version 1 or 2. */
function npy(header: string, content: Uint8Array, version = 1): Buffer {
  const head = Buffer.alloc(version === 1 ? 10 : 12);
  head.write('\x93NUMPY', 'latin1');
  head[6] = version;
  const text = Buffer.from(`${header}\n`);
  if (version === 1) head.writeUInt16LE(text.length, 8);
  else head.writeUInt32LE(text.length, 8);
  return Buffer.concat([head, text, content]);
}

const header = (descr: string, shape: string, fortran = 'False'): string =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

describe('NumPy arrays', () => {
  it('are read in either byte order, of any rank', () => {
    const floats = Buffer.alloc(8);
    floats.writeFloatBE(-1.5, 0);
    floats.writeFloatBE(3e38, 4);
    const big = parseNpy(npy(header('>f4', '(1, 2)'), floats));
    assert.deepEqual(big, { datatype: 'FP32', shape: [1, 2], data: Float32Array.of(-1.5, 3e38) });
    const ids = new Uint8Array(BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n).buffer);
    assert.deepEqual(parseNpy(npy(header('<i8', '(2,)'), ids, 2)).data, BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n));
    assert.deepEqual(parseNpy(npy(header('|b1', '()'), Uint8Array.of(1))), {
      datatype: 'BOOL',
      shape: [],
      data: Uint8Array.of(1),
    });
    assert.deepEqual(parseNpy(npy(header('<f2', '(0, 3)'), Uint8Array.of())).shape, [0, 3]);
  });

  it('are refused with what they hold instead', () => {
    const refusals = [
      [npy(header('<f4', '(2, 2)', 'True'), new Uint8Array(16)), /in column order/],
      [npy(header('<f4', '(2, 2)'), new Uint8Array(15)), /ends after \d+ bytes, before its last element/],
      [npy(header('<U5', '(1,)'), new Uint8Array(20)), /it holds '<U5', expected numbers or booleans/],
      [npy(header('<c8', '(1,)'), new Uint8Array(8)), /it holds '<c8'/],
      [npy(`{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }`, new Uint8Array(4)), /it holds \[/],
      [Buffer.from('\x93NUMPY\x01', 'latin1'), /ends after 7 bytes/],
    ] as const;
    for (const [bytes, message] of refusals) assert.throws(() => parseNpy(bytes), { code: 'INVALID_INPUT', message });
  });

  it('are written as they are read', () => {
    const all = [
      { datatype: 'FP32', shape: [2, 1, 2], data: Float32Array.of(0, -0, NaN, -Infinity) },
      { datatype: 'INT64', shape: [2], data: BigInt64Array.of(-1n, 2n ** 62n) },
      { datatype: 'UINT8', shape: [], data: Uint8Array.of(255) },
      { datatype: 'FP16', shape: [1], data: Uint16Array.of(0x7bff) },
    ] as const;
    for (const tensor of all) {
      const bytes = formatNpy(tensor);
      assert.ok(bytes !== undefined && isNpy(bytes));
      assert.deepEqual(parseNpy(bytes), tensor);
      assert.equal((bytes.length - tensor.data.byteLength) % 64, 0);
    }
    assert.equal(formatNpy({ datatype: 'BF16', shape: [1], data: Uint16Array.of(1) }), undefined);
  });
});
