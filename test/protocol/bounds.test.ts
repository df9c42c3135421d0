import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeInferRequest } from '../../src/protocol/v2/decode-request.js';
import type { ModelSignature } from '../../src/protocol/types.js';
import { decodePredictRequest } from '../../src/protocol/v1/decode.js';
import { identityModel, sumModel, take, tensor, withBinary } from './sum-model.js';

/** What a call allocated on the heap, in bytes; garbage counts too. */
function allocated(call: () => void): number {
  const before = process.memoryUsage().heapUsed;
  call();
  return process.memoryUsage().heapUsed - before;
}

const million = 1 << 20;
const texts = identityModel('BYTES', [-1]);
const images: ModelSignature = { ...identityModel('FP32', [-1, 3, 8, 8]), maxRows: 4, imageInputs: new Set(['A']) };
const bytes = (shape: number[], size: number) => ({
  inputs: [{ name: 'A', datatype: 'BYTES', shape, parameters: { binary_data_size: size } }],
});

describe('what a request holds', () => {
  const refusals: readonly (readonly [title: string, model: ModelSignature, shape: number[], says: RegExp])[] = [
    ['texts for numbers', identityModel('FP32', [-1]), [4 * million], /data-type is 'BYTES'.*expects 'FP32'/],
    ['more images than one request may have', images, [4 * million], /more than the 1024 of one request/],
    ['more texts than one tensor may have', texts, [4 * million], /more than 1048576 texts/],
    ['fewer texts than there are', texts, [3], /expected 3 string elements.*got 4194304/],
    ['a shape that the model refuses', identityModel('BYTES', [5]), [4 * million], /Expected \[5\], got/],
  ];
  const zeros = Buffer.alloc(16 * million);
  for (const [title, model, shape, says] of refusals) {
    it(`is refused before any element is made: ${title}`, () => {
      const { body, headerLength } = withBinary(bytes(shape, zeros.length), zeros);
      const run = () => assert.throws(() => decodeInferRequest({ body, headerLength }, model), { message: says });
      assert.ok(allocated(run) < 4 * million);
    });
  }

  it('has no more dimensions and parameters than mean anything, whatever they would come to', () => {
    const decode = (text: string) => decodeInferRequest({ body: Buffer.from(text) }, identityModel('FP32', [-1]));
    const shaped = (shape: readonly number[]) =>
      decode(JSON.stringify({ inputs: [{ name: 'A', datatype: 'FP32', shape, data: [1] }] }));
    const dims = (count: number, dim: number) => Array.from({ length: count }, () => dim);
    assert.throws(() => shaped(dims(256, 1)), { message: /Expected \[-1\], got/ });
    // Their product has 5 million digits, which took minutes.
    assert.throws(() => shaped(dims(300_000, Number.MAX_SAFE_INTEGER)), { message: /more than 256 dimensions/ });
    const given = (count: number) =>
      decode(
        JSON.stringify({
          parameters: Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, index])),
          inputs: [{ name: 'A', datatype: 'FP32', shape: [1], data: [1] }],
        }),
      );
    assert.equal(given(1024).parameters.size, 1024);
    assert.throws(() => given(1025), { code: 'INVALID_INPUT', message: /the request has more than 1024 parameters/ });
  });

  it('may be a number with a million zeros within or behind it, in time that grows with them', () => {
    const zeros = '0'.repeat(million);
    const decode = (literal: string, datatype: 'INT64' | 'UINT8') =>
      decodeInferRequest(
        { body: Buffer.from(`{"inputs":[{"name":"A","datatype":"${datatype}","shape":[1],"data":[${literal}]}]}`) },
        identityModel(datatype, [-1]),
      ).inputs.get('A')?.data[0];
    for (const sign of ['', '-']) {
      assert.equal(decode(`${sign}1${zeros}e-${million}`, 'INT64'), BigInt(`${sign}1`));
      assert.equal(decode(`${sign}7.${zeros}`, 'INT64'), BigInt(`${sign}7`));
      assert.equal(decode(`${sign}0.${zeros}12e${million + 2}`, 'INT64'), BigInt(`${sign}12`));
      for (const literal of [`1.${zeros}1`, `1${zeros}1`, `1${zeros}1e-${million}`, `0.${zeros}1`]) {
        assert.throws(() => decode(sign + literal, 'INT64'), { message: /^.{0,300} is not an integer in the range/ });
      }
    }
    assert.equal(decode(`0.${zeros}`, 'INT64'), 0n);
    assert.equal(decode(`25500.${zeros}e-2`, 'UINT8'), 255);
    const sequence = (id: string) =>
      decodeInferRequest(
        {
          body: Buffer.from(
            `{"parameters":{"sequence_id":${id}},"inputs":[{"name":"A","datatype":"INT64","shape":[1],"data":[1]}]}`,
          ),
        },
        identityModel('INT64', [-1]),
      ).parameters.get('sequence_id');
    assert.equal(sequence(`12${zeros}e-${million}`), 12);
    assert.throws(() => sequence(`1.${zeros}1`), { message: /must be a whole number below 2\^64/ });
  });

  it('is something where the model has an operator that ends the process on nothing; its state alone begins empty', () => {
    const state = { inputs: new Set(['B']), outputs: new Set<string>() };
    const inputs = ['A', 'B'].map((name) => ({ name, datatype: 'FP32', shape: [-1, -1] }) as const);
    const model: ModelSignature = { ...identityModel('FP32', [-1, -1]), inputs, state, failsOnEmpty: 'Einsum' };
    const decode = (a: number[], b: number[]) => {
      const [A, B] = [a, b].map((shape) => ({ datatype: 'FP32', shape, data: [] }));
      const body = Buffer.from(
        JSON.stringify({
          inputs: [
            { name: 'A', ...A },
            { name: 'B', ...B },
          ],
        }),
      );
      return decodeInferRequest({ body }, model);
    };
    assert.throws(() => decode([1, 0], [2, 0]), {
      code: 'INVALID_INPUT',
      message: /input 'A' of shape \[1,0\] has no elements/,
    });
    assert.throws(() => decode([1, 1], [2, 0]), { message: /'A'.*(1 element|expected)/ });
    assert.ok(
      decodeInferRequest(
        { body: Buffer.from('{"inputs":[{"name":"B","datatype":"FP32","shape":[2,0],"data":[]}]}') },
        model,
      ),
    );
  });

  it('is something where the runtime answers memory as it was for nothing; no rows are, if rows are kept apart', () => {
    const inputs = ['A', 'cache'].map((name) => ({ name, datatype: 'FP32', shape: [-1, -1] }) as const);
    const decode = (shape: readonly number[], { maxRows, name = 'A' }: { maxRows: number; name?: string }) => {
      const emptySums = { operator: 'MatMul', inputs: ['A'] };
      const model: ModelSignature = {
        ...identityModel('FP32', [-1, -1]),
        inputs,
        defaultedInputs: inputs,
        maxRows,
        emptySums,
      };
      const body = Buffer.from(JSON.stringify({ inputs: [{ name, datatype: 'FP32', shape, data: [] }] }));
      return decodeInferRequest({ body }, { ...model, inputs: [] });
    };
    const problem = {
      code: 'INVALID_INPUT',
      message:
        /'A' of shape \[\d,\d\] has no elements.* computes with MatMul, of which ONNX Runtime then answers memory that nothing/,
    };
    assert.throws(() => decode([2, 0], { maxRows: Infinity }), problem);
    assert.throws(() => decode([0, 0], { maxRows: 8 }), problem);
    assert.throws(() => decode([0, 2], { maxRows: 0 }), problem);
    assert.ok(decode([0, 2], { maxRows: Infinity }));
    assert.ok(decode([0, 2], { maxRows: 8 }));
    assert.ok(decode([2, 0], { maxRows: Infinity, name: 'cache' }));
  });

  it('is refused before any element is made in version 1 too', () => {
    const body = Buffer.from(`{"inputs":[${'"",'.repeat(2 * million)}""]}`);
    assert.throws(() => decodePredictRequest(body, texts), /more than 1048576 texts/);
    assert.throws(() => decodePredictRequest(body, identityModel('BYTES', [2])), /Expected \[2\], got \[2097153\]/);
  });

  it('may be as many texts as one tensor may have, empty or not', () => {
    const body = `{"inputs":[{"name":"A","datatype":"BYTES","shape":[${million}],"data":[${'"",'.repeat(million - 1)}"é"]}]}`;
    const { inputs } = take(body, { model: texts });
    assert.deepEqual([inputs.get('A')?.data.length, inputs.get('A')?.data.at(-1)], [million, 'é']);
  });

  it('ends at the first name that the model does not have, or that comes twice', () => {
    const inputs = [tensor('A'), tensor('B')];
    const many = (name: (index: number) => string) => Array.from({ length: 50_000 }, (_, i) => ({ name: name(i) }));
    assert.throws(
      () => take({ inputs, outputs: many(String) }),
      /unexpected inference output '0' for model 'm', which has 'S', 'D'/,
    );
    assert.throws(() => take({ inputs, outputs: many(() => 'S') }), /output 'S' already exists/);
    const cut = `{"inputs":[${JSON.stringify(tensor('X'))},{`;
    assert.throws(() => take(cut), /unexpected inference input 'X' for model 'm', which has 'A', 'B'/);
    const twice = `{"inputs":[${JSON.stringify(tensor('A'))},${JSON.stringify(tensor('A'))},{`;
    assert.throws(() => take(twice), /input 'A' already exists/);
  });

  it('may name every output of a model that has many, in any order', () => {
    const names = Array.from({ length: 30_000 }, (_, index) => `Y${index}`);
    const outputs = names.map((name) => ({ name, datatype: 'INT32' as const, shape: [-1, 16] }));
    const asked = names.toReversed().map((name) => ({ name }));
    const request = take({ inputs: [tensor('A'), tensor('B')], outputs: asked }, { model: { ...sumModel, outputs } });
    assert.deepEqual(request.outputs, asked);
    assert.throws(
      () => take({ inputs: [tensor('A'), tensor('B')], outputs: [{ name: 'S' }] }, { model: { ...sumModel, outputs } }),
      /which has 'Y0', .*'Y9' and 29990 more$/,
    );
  });
});
