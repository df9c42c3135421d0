import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodePredictRequest } from '../../src/protocol/v1/decode.js';
import { encodePredictResponse, modelStatusBody } from '../../src/protocol/v1/encode.js';
import type { ModelSignature } from '../../src/protocol/types.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { identityModel, ones, sumModel } from './sum-model.js';

const decode = (sent: unknown, model: ModelSignature = sumModel) =>
  decodePredictRequest(Buffer.from(typeof sent === 'string' ? sent : JSON.stringify(sent)), model);
const vector = identityModel('FP32', [-1, 2]);
const texts = identityModel('BYTES', [-1]);

describe('a version 1 request', () => {
  it('takes bare rows of a model with one input', () => {
    const { form, inputs } = decode('{"signature_name":"x","instances":[[1,2],[NaN,-0]]}', vector);
    assert.equal(form, 'rows');
    assert.deepEqual(inputs.get('A'), { datatype: 'FP32', shape: [2, 2], data: Float32Array.of(1, 2, NaN, -0) });
  });

  it('takes rows by name, in any order of names', () => {
    const { inputs, rows } = decode({
      instances: [
        { A: ones, B: ones },
        { B: ones, A: ones },
      ],
    });
    assert.deepEqual([rows, inputs.get('B')?.shape], [2, [2, 16]]);
    assert.deepEqual(decode({ instances: [{ A: [1, 2] }] }, vector).inputs.get('A')?.shape, [1, 2]);
    const scalars: ModelSignature = { ...identityModel('INT64', [-1]), maxRows: 4 };
    assert.deepEqual(
      decode('{"instances":[{"A":9007199254740993},{"A":2}]}', scalars).inputs.get('A')?.data,
      BigInt64Array.of(9007199254740993n, 2n),
    );
  });

  it('takes columns, bare or by name', () => {
    assert.deepEqual(decode({ inputs: [[1, 2]] }, vector).inputs.get('A')?.shape, [1, 2]);
    assert.deepEqual(decode({ inputs: { A: [[1, 2]] } }, vector).inputs.get('A')?.shape, [1, 2]);
    assert.deepEqual(decode({ inputs: { B: [ones], A: [ones] } }).form, 'columns');
    assert.deepEqual(decode({ inputs: 5 }, identityModel('UINT8', [])).inputs.get('A')?.data, Uint8Array.of(5));
  });

  it('takes half floats as numbers, rounded once, and null and tokens for what is not finite', () => {
    const sent = '{"inputs":[1,-2.5,0.1,65519,5.96e-8,-0.0,null,Infinity,-Infinity,1.00048828125]}';
    assert.deepEqual(
      decode(sent, identityModel('FP16', [-1])).inputs.get('A')?.data,
      Uint16Array.of(0x3c00, 0xc100, 0x2e66, 0x7bff, 1, 0x8000, 0x7e00, 0x7c00, 0xfc00, 0x3c00),
    );
    assert.deepEqual(
      decode('{"inputs":[1,-2.5,3.3895313892515355e38,1.00390625,1.01171875]}', identityModel('BF16', [-1])).inputs.get(
        'A',
      )?.data,
      Uint16Array.of(0x3f80, 0xc020, 0x7f7f, 0x3f80, 0x3f82),
    );
    assert.throws(() => decode('{"inputs":[65520]}', identityModel('FP16', [-1])), /too large for FP16/);
    assert.throws(() => decode('{"inputs":[3.4e38]}', identityModel('BF16', [-1])), /too large for BF16/);
  });

  it('of a model without inputs is an empty object', () => {
    const constant = { ...identityModel('FP32', [2]), inputs: [] };
    for (const sent of ['{}', '{"inputs":{}}', '{"inputs":null}', '\ufeff{ }']) {
      const { form, inputs, rows } = decode(sent, constant);
      assert.deepEqual([form, inputs.size, rows], ['columns', 0, 1]);
    }
    assert.throws(() => decode('{"instances":[{}]}', constant), /no inputs.*send 'inputs': \{\}/);
    assert.throws(() => decode('{"inputs":{"A":1}}', constant), /unexpected inference input 'A'.*which has none/);
  });

  it('takes texts and base64', () => {
    assert.deepEqual(decode({ instances: ['a', { b64: 'w7w=' }] }, texts).inputs.get('A')?.data, ['a', 'ü']);
    const images = { ...identityModel('FP32', [-1, 3, 8, 8]), maxRows: 4, imageInputs: new Set(['A']) };
    const { inputs } = decode({ instances: [{ A: { b64: '/9g=' } }] }, images);
    assert.deepEqual(inputs.get('A'), { datatype: 'BYTES', shape: [1], data: [Buffer.from([255, 216])] });
    assert.deepEqual(decode({ instances: [{ b64: '/9g=' }] }, images).inputs.get('A')?.data.length, 1);
  });

  const refused: readonly [sent: unknown, says: RegExp, model?: ModelSignature][] = [
    [{}, /^Missing 'inputs' or 'instances' key/],
    [{ inputs: [], instances: [] }, /only one may be given of 'inputs' or 'instances'/],
    ['', /no body/],
    ['{"instances":[[1,2]', /failed to parse/],
    [{ instances: 5 }, /'instances' must be an array/],
    [{ instances: [[1, 2], [3]] }, /ragged.*got \[-1,2\] and others/, vector],
    [{ instances: [[1, 2], 3] }, /ragged/, vector],
    [{ instances: [[1, [2]]] }, /ragged/, vector],
    [{ instances: [[[], 1]] }, /ragged/, vector],
    [
      { instances: [[1, 2, 3]] },
      /^unexpected shape for input 'A' for model 'm'\. Expected \[-1,2\], got \[1,3\]/,
      vector,
    ],
    [{ instances: [{ A: ones }] }, /instance 0 has no 'B'/],
    [`{"instances":[{"A":[1,2],"A":[5,6],"B":[3,4]}]}`, /key 'A' appears twice in one object/],
    [{ inputs: { Z: [[1, 2]] } }, /^unexpected inference input 'Z' for model 'm', which has 'A'/, vector],
    [{ instances: [{ Z: [1, 2] }] }, /^unexpected inference input 'Z' for model 'm', which has 'A'/, vector],
    [{ inputs: {} }, /missing required input\(s\) \['A'\]/, vector],
    [{ instances: [['a', { b65: '' }]] }, /has one key, 'b64', once at byte/, identityModel('BYTES', [-1, 2])],
    [{ instances: [{ A: ones, B: ones, C: 1 }] }, /^unexpected inference input 'C'/],
    [{ inputs: { A: [ones] } }, /missing required input\(s\) \['B'\]/],
    [{ inputs: [[1]] }, /several inputs, must be an object/],
    [{ instances: [{ b64: '*' }] }, /not valid base64/, texts],
    [{ instances: [1.5] }, /not an integer/, identityModel('INT32', [-1])],
    [`{"instances":${'['.repeat(200_000)}`, /nesting depth/],
  ];
  for (const [sent, says, model] of refused) {
    it(`is refused with ${String(says)}: ${JSON.stringify(sent).slice(0, 60)}`, () => {
      assert.throws(() => decode(sent, model), { code: 'INVALID_INPUT', message: says });
    });
  }
});

describe('a version 1 answer', () => {
  const matrix: Tensor = { datatype: 'FP32', shape: [2, 2], data: Float32Array.of(1, -0, NaN, 4) };
  const labels: Tensor = { datatype: 'BYTES', shape: [2], data: ['a', 'b'] };
  const encode = (outputs: Record<string, Tensor>, form: 'rows' | 'columns', rows = 2): string =>
    encodePredictResponse({
      form,
      rows,
      outputs: new Map(Object.entries(outputs)),
      nonFiniteTokens: false,
    }).body.toString();

  it('gives rows bare for one output and as objects for several', () => {
    assert.equal(encode({ Y: matrix }, 'rows'), '{"predictions":[[1,-0.0],[null,4]]}');
    assert.equal(
      encode({ Y: matrix, L: labels }, 'rows'),
      '{"predictions":[{"Y":[1,-0.0],"L":"a"},{"Y":[null,4],"L":"b"}]}',
    );
    assert.throws(() => encode({ Y: matrix }, 'rows', 3), /not one entry for each of 3 instances/);
  });

  it('gives columns bare for one output and by name for several', () => {
    assert.equal(encode({ Y: matrix }, 'columns'), '{"outputs":[[1,-0.0],[null,4]]}');
    assert.equal(
      encode({ Y: matrix, L_bytes: labels }, 'columns'),
      '{"outputs":{"Y":[[1,-0.0],[null,4]],"L_bytes":[{"b64":"YQ=="},{"b64":"Yg=="}]}}',
    );
    assert.equal(
      encode({ Y: { datatype: 'FP32', shape: [2, 0], data: new Float32Array(0) } }, 'columns'),
      '{"outputs":[[],[]]}',
    );
    assert.equal(encode({ Y: { datatype: 'INT8', shape: [], data: Int8Array.of(-3) } }, 'columns'), '{"outputs":-3}');
  });

  it('writes half floats as numbers, and tokens where the request asked for them', () => {
    const half: Tensor = { datatype: 'FP16', shape: [2, 2], data: Uint16Array.of(0x3c00, 0x8000, 0x2e66, 0xbe46) };
    assert.equal(encode({ Y: half }, 'rows'), '{"predictions":[[1,-0.0],[0.0999755859375,-1.568359375]]}');
    const { parameters } = decode('{"parameters":{"non_finite_tokens":true,"x":{"y":1}},"inputs":[[1,2]]}', vector);
    const nonFiniteTokens = parameters.get('non_finite_tokens') === true;
    const outputs = new Map([['Y', { ...half, data: Uint16Array.of(0x7c00, 0xfc00, 0x7e00, 0) }]]);
    const { body } = encodePredictResponse({ form: 'columns', rows: 2, outputs, nonFiniteTokens });
    assert.equal(body.toString(), '{"outputs":[[Infinity,-Infinity],[NaN,0]]}');
  });

  it('reports the state of versions for both protocols', () => {
    assert.deepEqual(
      modelStatusBody('m', [
        { version: '1', isReady: true },
        { version: '2', isReady: false, reason: 'broken' },
      ]),
      {
        name: 'm',
        ready: true,
        model_version_status: [
          { version: '1', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } },
          { version: '2', state: 'END', status: { error_code: 'UNAVAILABLE', error_message: 'broken' } },
        ],
      },
    );
  });
});
