import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { identityModel, ones, take, tensor } from './sum-model.js';

const one = (datatype: string, data: string, shape = '[1]'): string =>
  `{"inputs":[{"name":"A","shape":${shape},"datatype":"${datatype}","data":${data}}]}`;
const dataOf = (datatype: Parameters<typeof identityModel>[0], data: string, length = 1): unknown =>
  take(one(datatype, data, `[${String(length)}]`), { model: identityModel(datatype, [-1]) }).inputs.get('A')?.data;

/** A case of the protocol's table, by its row. */
const accepts = (row: number, title: string, check: () => void): void => void it(`${title} [${String(row)}]`, check);

describe('a request that is accepted', () => {
  accepts(7, 'reads flat and nested data alike, inputs in any order', () => {
    const rows = [ones.slice(0, 8), [ones.slice(8)]];
    const request = take({ inputs: [tensor('B'), tensor('A', { data: [rows] })] });
    assert.deepEqual([...request.inputs.keys()], ['A', 'B']);
    assert.deepEqual(request.inputs.get('A'), { datatype: 'INT32', shape: [1, 16], data: Int32Array.from(ones) });
  });

  accepts(8, 'asks for just the outputs named, in their order, else for all', () => {
    const inputs = [tensor('A'), tensor('B')];
    assert.deepEqual(take({ inputs, outputs: [{ name: 'D' }] }).outputs, [{ name: 'D' }]);
    assert.deepEqual(take({ inputs, outputs: [{ name: 'D' }, { name: 'S' }] }).outputs, [{ name: 'D' }, { name: 'S' }]);
    assert.deepEqual(take({ inputs, outputs: [] }).outputs, [{ name: 'S' }, { name: 'D' }]);
  });

  accepts(26, 'keeps 64-bit integers exact to their limits', () => {
    assert.deepEqual(
      dataOf('INT64', '[9007199254740993, 9223372036854775807, -9223372036854775808, -0, 1.0, 12e2, 1.50e1]', 7),
      BigInt64Array.of(9007199254740993n, 9223372036854775807n, -9223372036854775808n, 0n, 1n, 1200n, 15n),
    );
    assert.deepEqual(
      dataOf('UINT64', '[18446744073709551615, 1.8446744073709551615e19]', 2),
      BigUint64Array.of(18446744073709551615n, 18446744073709551615n),
    );
  });

  accepts(30, 'takes null for NaN, as it is written', () => {
    assert.deepEqual(dataOf('FP32', '[null,1, null ]', 3), Float32Array.of(NaN, 1, NaN));
    assert.deepEqual(dataOf('FP64', '[[null],[-0.0]]', 2), Float64Array.of(NaN, -0));
  });

  accepts(30, 'takes NaN, Infinity and -Infinity as float data', () => {
    assert.deepEqual(dataOf('FP32', '[NaN,Infinity, -Infinity ,1.0]', 4), Float32Array.of(NaN, Infinity, -Infinity, 1));
    assert.deepEqual(dataOf('FP64', '[[NaN],[-Infinity]]', 2), Float64Array.of(NaN, -Infinity));
  });

  it('keeps the sign of zero', () => {
    const data = dataOf('FP32', '[-0, -0.0, -0e5, 0]', 4) as Float32Array;
    assert.deepEqual(
      [...data].map((value) => Object.is(value, -0)),
      [true, true, true, false],
    );
  });

  it('accepts integral numbers of any form for integers', () => {
    assert.deepEqual(
      dataOf('INT8', '[1.0, 1e2, -128, 127, 1000e-1, -0.0]', 6),
      Int8Array.of(1, 100, -128, 127, 100, 0),
    );
  });

  it('takes the largest float that rounds to FP32, and any that vanishes', () => {
    assert.deepEqual(
      dataOf('FP32', '[3.402823567797336e38, 1e-400, 4e-46]', 3),
      Float32Array.of(3.4028234663852886e38, 0, 0),
    );
  });

  accepts(32, 'takes a zero dimension', () => {
    const request = take(one('FP32', '[]', '[1,0]'), { model: identityModel('FP32', [-1, -1]) });
    assert.deepEqual(request.inputs.get('A'), { datatype: 'FP32', shape: [1, 0], data: new Float32Array(0) });
    assert.deepEqual(dataOf('FP32', '[[],[[]]]', 0), new Float32Array(0));
  });

  it('takes a scalar', () => {
    const request = take(one('FP64', '[2]', '[]'), { model: identityModel('FP64', []) });
    assert.deepEqual(request.inputs.get('A')?.data, Float64Array.of(2));
  });

  accepts(38, 'takes nesting of 50', () => {
    assert.deepEqual(dataOf('INT32', `${'['.repeat(50)}7${']'.repeat(50)}`), Int32Array.of(7));
  });

  it('reads keys in any order, data before what says how to read it', () => {
    const text =
      '{"inputs":[{"data":[[1],[NaN]],"shape":[2],"x":{"y":[1,{"z":null}]},"datatype":"FP32","name":"A"}],"id":"7"}';
    const request = take(text, { model: identityModel('FP32', [-1]) });
    assert.deepEqual([request.id, request.inputs.get('A')?.data], ['7', Float32Array.of(1, NaN)]);
  });

  it('reads strings with escapes and any UTF-8', () => {
    const texts = ['', 'grüß', '\ud83d\ude00', '"\\/\b\f\n\r\t', '\ufeff', 'x'.repeat(100)];
    assert.deepEqual(dataOf('BYTES', JSON.stringify(texts), texts.length), texts);
    assert.deepEqual(dataOf('BYTES', '["\\ud83d\\ude00"]'), ['\ud83d\ude00']);
  });

  it('takes null for what may be left out, skips nested parameters, and skips a byte order mark', () => {
    const input = { ...tensor('A'), parameters: { content_type: 'np', headers: { a: [1, { b: null }] }, x: null } };
    const sent = {
      id: null,
      parameters: null,
      outputs: [{ name: 'D', parameters: null }, { name: 'S' }],
      inputs: [{ ...input, data: null, parameters: { binary_data_size: null }, extra: [] }, tensor('B')],
    };
    const empty = JSON.stringify({ ...sent, outputs: null, inputs: [input, { ...tensor('B'), parameters: null }] });
    const request = take(`\ufeff${empty}`);
    assert.deepEqual([request.id, request.outputs.length, request.parameters.size], [undefined, 2, 0]);
    assert.deepEqual(request.inputs.get('A')?.data, Int32Array.from(ones));
    assert.throws(() => take(sent), /But no field is set for input 'A'/);
    const { outputs } = take({ ...sent, inputs: [input, tensor('B')] });
    assert.deepEqual(outputs, [{ name: 'D' }, { name: 'S' }]);
  });

  it('takes nothing for a model without inputs, in JSON and with a binary part', () => {
    const model = { ...identityModel('FP32', [2]), inputs: [] };
    for (const sent of ['{}', '{"inputs":[]}', '{"inputs":null,"outputs":[{"name":"Y"}]}']) {
      const request = take(sent, { model });
      assert.deepEqual([request.inputs.size, request.rows, request.outputs.map(({ name }) => name)], [0, 1, ['Y']]);
    }
    assert.equal(take(Buffer.from('{}'), { model, headerLength: 2 }).inputs.size, 0);
  });

  it('keeps names that a plain object would lose', () => {
    const names = ['__proto__', 'constructor', 'toString', '', 'größe/日本:0', 'n'.repeat(70_000)];
    const model = {
      ...identityModel('BOOL', [1]),
      inputs: names.map((name) => ({ name, datatype: 'BOOL' as const, shape: [1] })),
    };
    const inputs = names.map((name) => tensor(name, { datatype: 'BOOL', shape: [1], data: [true] }));
    const request = take({ inputs, parameters: JSON.parse('{"__proto__":1}') as object }, { model });
    assert.deepEqual([...request.inputs.keys()], names);
    assert.deepEqual(request.parameters, new Map([['__proto__', 1]]));
  });
});
