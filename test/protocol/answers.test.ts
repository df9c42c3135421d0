import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classify } from '../../src/protocol/classification.js';
import { decodeInferResponse } from '../../src/protocol/client.js';
import { encodeInferResponse } from '../../src/protocol/v2/encode.js';
import { classesAsked, classifyOutputs, createInferResponse } from '../../src/protocol/response.js';
import type { InferResponse } from '../../src/protocol/types.js';
import { arrayOf, datatypes, type Datatype, type NumericDatatype } from '../../src/tensor/datatype.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { sumModel, take, tensor } from './sum-model.js';

const answer = (outputs: Record<string, Tensor>, more: Partial<InferResponse> = {}) =>
  encodeInferResponse({
    modelName: 'm',
    modelVersion: '1',
    outputs: new Map(Object.entries(outputs)),
    binaryOutputs: new Set(),
    nonFiniteTokens: false,
    ...more,
  });
const text = (...args: Parameters<typeof answer>): string => answer(...args).body.toString();
const floats = (...values: number[]): Tensor => ({
  datatype: 'FP32',
  shape: [values.length],
  data: Float32Array.from(values),
});
const dataText = (tensor: Tensor, tokens = false): string | undefined =>
  /"data":(.*)\}\]\}$/.exec(text({ Y: tensor }, { nonFiniteTokens: tokens }))?.[1];

describe('an answer', () => {
  it('holds model, version, id and outputs in order', () => {
    assert.equal(
      text({ S: { datatype: 'INT32', shape: [1, 2], data: Int32Array.of(1, -2) }, 'grüß"': floats(1) }, { id: 'ä' }),
      '{"model_name":"m","model_version":"1","id":"ä","outputs":[' +
        '{"name":"S","datatype":"INT32","shape":[1,2],"data":[1,-2]},' +
        '{"name":"grüß\\"","datatype":"FP32","shape":[1],"data":[1]}]}',
    );
  });

  it('leaves out the id that was not given', () => {
    assert.ok(!text({ Y: floats(1) }).includes('"id"'));
  });

  it('writes FP32 as the double it widens to, and keeps the sign of zero', () => {
    assert.equal(
      dataText(floats(0.1, -0, 0, 2 ** 70, 1e-7)),
      '[0.10000000149011612,-0.0,0,1.1805916207174113e+21,1.0000000116860974e-7]',
    );
  });

  it('writes null for what is not finite, or tokens on request [31]', () => {
    assert.equal(dataText(floats(NaN, Infinity, -Infinity, 1)), '[null,null,null,1]');
    assert.equal(dataText(floats(NaN, Infinity, -Infinity, -0), true), '[NaN,Infinity,-Infinity,-0.0]');
  });

  it('writes 64-bit integers exactly, booleans and texts', () => {
    const big = { datatype: 'INT64', shape: [2], data: BigInt64Array.of(9007199254740993n, -(2n ** 63n)) } as const;
    assert.equal(dataText(big), '[9007199254740993,-9223372036854775808]');
    assert.equal(dataText({ datatype: 'BOOL', shape: [2], data: Uint8Array.of(1, 0) }), '[true,false]');
    assert.equal(dataText({ datatype: 'BYTES', shape: [2], data: ['"', Buffer.from('ü')] }), '["\\"","ü"]');
  });

  for (const datatype of (Object.keys(datatypes) as Datatype[]).filter((name) => name.includes('INT'))) {
    it(`writes ${datatype} of every length exactly, however many there are`, () => {
      const bits = datatypes[datatype].bytes * 8;
      const near = Array.from({ length: 20 }, (_, power) => [10n ** BigInt(power), 2n ** BigInt(power * 3 + 5)]).flat();
      const fit = (value: bigint) =>
        datatype.startsWith('U') ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value);
      const edges = near.flatMap((value) => [value - 1n, value, value + 1n, -value, 5n * value + 3n]).map(fit);
      const safe = edges.filter((value) => Number.isSafeInteger(Number(value)));
      for (const values of [safe, edges]) {
        const wanted = Array.from({ length: 9001 }, (_, i) => values[i % values.length]!);
        const data = new (arrayOf(datatype as NumericDatatype))(9002).subarray(1);
        wanted.forEach((value, i) => (data[i] = bits === 64 ? value : Number(value)));
        assert.equal(dataText({ datatype, shape: [9001], data } as Tensor), `[${wanted.join(',')}]`);
      }
    });
  }

  it('writes an empty output [32]', () => {
    assert.equal(dataText({ datatype: 'FP32', shape: [1, 0], data: new Float32Array(0) }), '[]');
    assert.equal(dataText({ datatype: 'INT64', shape: [1, 0], data: new BigInt64Array(0) }), '[]');
  });

  it('refuses FP16 and bytes that are no text as JSON [28]', () => {
    const half: Tensor = { datatype: 'FP16', shape: [1], data: Uint16Array.of(1) };
    assert.throws(() => text({ Y: half }), { code: 'INVALID_INPUT', message: /FP16 data via JSON is not supported/ });
    assert.throws(() => text({ Y: { datatype: 'BYTES', shape: [1], data: [Buffer.from([255])] } }), /not valid UTF-8/);
  });

  it('puts binary outputs behind the JSON in order, mixed with others [40]', () => {
    const view = new Float32Array(Float32Array.of(9, 1, 2, 9).buffer, 4, 2);
    const outputs = { P: floats(7), Q: { datatype: 'FP32', shape: [2], data: view } as Tensor, R: floats(3) };
    const { body, headerLength } = answer(outputs, { binaryOutputs: new Set(['R', 'Q']) });
    const json = body.subarray(0, headerLength).toString();
    assert.equal(
      json,
      '{"model_name":"m","model_version":"1","outputs":[{"name":"P","datatype":"FP32","shape":[1],"data":[7]},' +
        '{"name":"Q","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":8}},' +
        '{"name":"R","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}}]}',
    );
    assert.deepEqual(
      [0, 4, 8].map((at) => body.readFloatLE((headerLength ?? 0) + at)),
      [1, 2, 3],
    );
  });

  it('has a header length when all its binary outputs are empty', () => {
    const { body, headerLength } = answer(
      { Y: { datatype: 'FP32', shape: [0], data: new Float32Array(0) } },
      { binaryOutputs: new Set(['Y']) },
    );
    assert.equal(headerLength, body.length);
  });

  it('is read by a client, null as NaN', () => {
    const { outputs } = decodeInferResponse(answer({ Y: floats(NaN, 1) }).body);
    assert.deepEqual(outputs.get('Y')?.data, Float32Array.of(NaN, 1));
    assert.throws(() => decodeInferResponse(Buffer.from('<html>')), { code: 'REQUEST_FAILED' });
  });
});

describe('the outputs of an answer', () => {
  const respond = (fields: object) => {
    const request = take({ inputs: [tensor('A'), tensor('B')], ...fields });
    const output = (value: number): Tensor => ({ datatype: 'INT32', shape: [1, 3], data: Int32Array.of(5, value, 7) });
    const outputs = new Map([
      ['S', output(1)],
      ['D', output(9)],
    ]);
    const asked = classesAsked({ request, model: sumModel, labelsOf: () => ['x', 'y'] });
    const classes = asked && classifyOutputs(outputs, asked);
    return createInferResponse({ request, model: sumModel, version: '3', outputs, classes });
  };

  it('are those asked for, in that order, each binary by its own flag or the request [40]', () => {
    const response = respond({
      outputs: [{ name: 'D' }, { name: 'S', parameters: { binary_data: false } }],
      parameters: { binary_data_output: true },
    });
    assert.deepEqual([[...response.outputs.keys()], [...response.binaryOutputs]], [['D', 'S'], ['D']]);
    assert.deepEqual([...respond({}).binaryOutputs], []);
  });

  it('are classified where asked', () => {
    const response = respond({ outputs: [{ name: 'D', parameters: { classification: 2 } }] });
    assert.deepEqual(response.outputs.get('D'), { datatype: 'BYTES', shape: [1, 2], data: ['9:1:y', '7:2'] });
  });

  it('carry tokens when the request asks', () => {
    assert.equal(respond({ parameters: { non_finite_tokens: true } }).nonFiniteTokens, true);
  });
});

describe('classification', () => {
  const options = { name: 'Y', classes: 2, labels: [], isBatched: true };

  it('answers the highest of each row, ties by lower index, floats with six decimals', () => {
    const data = Float32Array.of(1, 3, 3, -Infinity, NaN, 0.5);
    assert.deepEqual(classify({ datatype: 'FP32', shape: [2, 3], data }, options).data, [
      '3.000000:1',
      '3.000000:2',
      '0.500000:2',
      '-inf:0',
    ]);
  });

  it('answers the same through a short list and a sort', () => {
    const data = Int32Array.from({ length: 500 }, (_, i) => (i * 7919) % 100);
    const all = classify({ datatype: 'INT32', shape: [500], data }, { ...options, classes: 999, isBatched: false });
    const few = classify({ datatype: 'INT32', shape: [500], data }, { ...options, classes: 20, isBatched: false });
    assert.deepEqual(all.shape, [500]);
    assert.deepEqual(few.data, all.data.slice(0, 20));
  });

  it('answers many of a row of any datatype as a sort by its definition does', () => {
    const floats = Array.from(
      { length: 300 },
      (_, i) => [NaN, -Infinity, Infinity, -0, 0, (i * 7919) % 50][i % 6] ?? i,
    );
    const whole = Array.from({ length: 300 }, (_, i) => BigInt((i * 7919) % 50) - 25n);
    const cases: readonly [Tensor & { data: Float32Array | BigInt64Array }, (i: number) => number | bigint][] = [
      [{ datatype: 'FP32', shape: [1, 300], data: Float32Array.from(floats) }, (i) => floats[i] ?? 0],
      [{ datatype: 'INT64', shape: [1, 300], data: BigInt64Array.from(whole) }, (i) => whole[i] ?? 0n],
    ];
    for (const [tensor, at] of cases) {
      const keyAt = (i: number) => (Number.isNaN(at(i)) ? -Infinity : at(i));
      const order = Array.from({ length: 300 }, (_, i) => i).sort((a, b) =>
        keyAt(a) === keyAt(b) ? a - b : keyAt(a) > keyAt(b) ? -1 : 1,
      );
      for (const classes of [32, 33, 100, 299, 300]) {
        const indices = classify(tensor, { ...options, classes }).data.map((each) =>
          Number(String(each).split(':')[1]),
        );
        assert.deepEqual(indices, order.slice(0, classes), `${classes} of ${tensor.datatype}`);
      }
    }
  });

  it('answers 65536 classes of one output, and refuses more', () => {
    const rows = (count: number): Tensor => ({ datatype: 'INT8', shape: [count, 2], data: new Int8Array(count * 2) });
    const { shape, data } = classify(rows(32_768), options);
    assert.deepEqual([shape, data.length, data.at(-1)], [[32_768, 2], 65_536, '0:1']);
    assert.throws(() => classify(rows(32_769), options), {
      code: 'INVALID_INPUT',
      message:
        "output 'Y' of shape [32769,2] would be 65538 classes, of which an answer holds 65536: ask for fewer, or for the output itself",
    });
    const wide: Tensor = {
      datatype: 'FP32',
      shape: [1, 1_000_000],
      data: new Float32Array(1_000_000).map((_, i) => i),
    };
    assert.equal(classify(wide, { ...options, classes: 65_536 }).data.at(-1), '934464.000000:934464');
    assert.throws(() => classify(wide, { ...options, classes: 65_537 }), { code: 'INVALID_INPUT' });
  });

  it('counts 64-bit integers exactly', () => {
    const data = BigInt64Array.of(9007199254740992n, 9007199254740993n);
    assert.equal(classify({ datatype: 'INT64', shape: [1, 2], data }, options).data[0], '9007199254740993:1');
  });

  it('reads half floats as the numbers they are', () => {
    const half = { shape: [2, 3], data: Uint16Array.of(0xbe46, 0x3ccd, 0x4200, 0x7c00, 0xfc00, 0x7e00) } as const;
    const wanted = ['3.000000:2', '1.200195:1', 'inf:0', '-inf:1'];
    assert.deepEqual(classify({ ...half, datatype: 'FP16' }, options).data, wanted);
    const brain = { shape: [1, 3], data: Uint16Array.of(0xbf80, 0x4049, 0x0000) } as const;
    assert.deepEqual(classify({ ...brain, datatype: 'BF16' }, options).data, ['3.140625:1', '0.000000:2']);
  });

  it('finds the rows of an output without a batch dimension, and gives labels to a lone class axis only', () => {
    const data = Float32Array.of(1, 5, 3, 9, 2, 4);
    const labelled = { ...options, classes: 1, labels: ['a', 'b', 'c'], isBatched: false };
    const top = (shape: number[]) => {
      const { shape: own, data: texts } = classify({ datatype: 'FP32', shape, data }, labelled);
      return [own, texts];
    };
    assert.deepEqual(top([2, 3]), [
      [2, 1],
      ['5.000000:1:b', '9.000000:0:a'],
    ]);
    assert.deepEqual(top([2, 3, 1, 1]), [
      [2, 1],
      ['5.000000:1:b', '9.000000:0:a'],
    ]);
    assert.deepEqual(top([1, 2, 3]), [[1], ['9.000000:3']]);
    assert.deepEqual(top([1, 6]), [[1], ['9.000000:3']]);
  });

  it('refuses other datatypes and rows of more than a million elements', () => {
    const bool: Tensor = { datatype: 'BOOL', shape: [1], data: new Uint8Array(1) };
    assert.throws(() => classify(bool, options), { code: 'INVALID_INPUT', message: /unsupported type 'BOOL'/ });
    const wide: Tensor = { datatype: 'INT8', shape: [1, 1_000_001], data: new Int8Array(1_000_001) };
    assert.throws(() => classify(wide, options), /more than 1000000 elements/);
  });
});
