import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeBytesElements, parseHeaderLength } from '../../src/protocol/v2/binary-part.js';
import { identityModel, ones, sumModel, take, tensor, withBinary } from './sum-model.js';

const bytesOf = (data: { buffer: ArrayBuffer }): Buffer => Buffer.from(data.buffer);
const sixteen = bytesOf(Int32Array.from(ones));
const binary = (name: string, size: unknown = 64, fields: object = {}): object =>
  tensor(name, { data: undefined, parameters: { binary_data_size: size }, ...fields });

const send = (json: object, ...parts: readonly Uint8Array[]): ReturnType<typeof take> => {
  const { body, headerLength } = withBinary(json, ...parts);
  return take(body, { headerLength });
};
const sendTexts = (bytes: Buffer, shape: readonly number[]): ReturnType<typeof take> => {
  const input = { name: 'A', shape, datatype: 'BYTES', parameters: { binary_data_size: bytes.length } };
  const { body, headerLength } = withBinary({ inputs: [input] }, bytes);
  return take(body, { headerLength, model: identityModel('BYTES', [-1]) });
};

describe('a request with binary tensors', () => {
  it('reads binary and JSON inputs side by side, whatever their alignment', () => {
    for (const padding of ['', 'x', 'xx', 'xxx']) {
      const request = send({ id: padding, inputs: [tensor('A'), binary('B')] }, sixteen);
      assert.deepEqual(request.inputs.get('B')?.data, Int32Array.from(ones));
      assert.equal((request.inputs.get('B')?.data as Int32Array<ArrayBuffer>).buffer.byteLength, 64);
    }
  });

  it('takes the parts in the order of the list', () => {
    const twos = Int32Array.from(ones, () => 2);
    const request = send({ inputs: [binary('B'), binary('A')] }, bytesOf(twos), sixteen);
    assert.deepEqual([request.inputs.get('A')?.data[0], request.inputs.get('B')?.data[0]], [1, 2]);
  });

  it('reads output flags', () => {
    const outputs = [
      { name: 'S', parameters: { binary_data: false, classification: 3 } },
      { name: 'D', parameters: {} },
    ];
    const request = take({
      inputs: [tensor('A'), tensor('B')],
      outputs,
      parameters: { binary_data_output: true, timeout: 5000, priority: 2, custom: 'x' },
    });
    assert.deepEqual(request.outputs, [{ name: 'S', binary: false, classes: 3 }, { name: 'D' }]);
    assert.deepEqual([request.binaryOutput, request.timeoutUs, request.priority], [true, 5000, 2]);
    assert.equal(request.parameters.get('custom'), 'x');
  });

  it('reads BYTES with length prefixes as texts, and leaves images as they are', () => {
    const texts = ['', 'grüß', 'x'];
    assert.deepEqual(sendTexts(encodeBytesElements(texts), [3]).inputs.get('A')?.data, texts);
    const image = Buffer.from([0xff, 0xd8, 0, 0xff]);
    const part = encodeBytesElements([image]);
    const input = { name: 'A', shape: [1], datatype: 'BYTES', parameters: { binary_data_size: part.length } };
    const { body, headerLength } = withBinary({ inputs: [input] }, part);
    const model = { ...identityModel('FP32', [-1, 3, 8, 8]), maxRows: 4, imageInputs: new Set(['A']) };
    const request = take(body, { headerLength, model });
    assert.deepEqual([request.rows, Buffer.from(request.inputs.get('A')?.data[0] as Uint8Array)], [1, image]);
  });

  it('takes a zero-size tensor', () => {
    const input = { name: 'A', shape: [1, 0], datatype: 'FP32', parameters: { binary_data_size: 0 } };
    const { body, headerLength } = withBinary({ inputs: [input] });
    const request = take(body, { headerLength, model: identityModel('FP32', [-1, -1]) });
    assert.equal(request.inputs.get('A')?.data.length, 0);
  });

  it('takes a whole body as one row of the only input', () => {
    const raw = (model: typeof sumModel, body: Buffer) => take(body, { headerLength: 0, model }).inputs.get('A');
    const floats = Float32Array.of(1, 2, 3, 4, 5, 6);
    assert.deepEqual(raw({ ...identityModel('FP32', [-1, -1, 2]), maxRows: 4 }, bytesOf(floats)), {
      datatype: 'FP32',
      shape: [1, 3, 2],
      data: floats,
    });
    assert.deepEqual(raw(identityModel('BYTES', [-1]), Buffer.from('grüß'))?.data, ['grüß']);
    assert.equal(take(Buffer.from('x'), { headerLength: 0, model: identityModel('BYTES', [1]) }).binaryOutput, true);
    assert.throws(() => raw(sumModel, sixteen), /raw request needs a model with one input/);
    assert.throws(() => raw(identityModel('BYTES', [2]), sixteen), /holds one element/);
    assert.throws(() => raw(identityModel('FP32', [-1, -1]), sixteen), /at most one variable dimension/);
    assert.throws(() => raw(identityModel('FP32', [-1, 3]), sixteen), /a multiple of 12, got 64/);
  });
});

const refused: readonly { row: number; title: string; run: () => unknown; says: RegExp }[] = [
  {
    row: 41,
    title: 'a part that is cut short',
    run: () => send({ inputs: [binary('A'), binary('B')] }, sixteen, sixteen.subarray(4)),
    says: /^unexpected size for input 'B', expecting 4 additional bytes for model 'm'/,
  },
  {
    row: 42,
    title: 'surplus bytes',
    run: () => send({ inputs: [binary('A'), binary('B')] }, sixteen, sixteen, Buffer.alloc(1)),
    says: /^unexpected additional input data for model 'm'/,
  },
  {
    row: 43,
    title: 'a size that the shape does not have',
    run: () => send({ inputs: [binary('A', 60), binary('B')] }, sixteen, sixteen),
    says: /^input byte size mismatch for input 'A' for model 'm'\. Expected 64, got 60/,
  },
  ...[-1, '64', 2 ** 62, 1.5, true].map((size) => ({
    row: 44,
    title: `a size of ${JSON.stringify(size)}`,
    run: () => send({ inputs: [binary('A', size), binary('B')] }, sixteen, sixteen),
    says: /'binary_data_size' must be an unsigned integer/,
  })),
  {
    row: 45,
    title: 'a header length beyond the body',
    run: () => take(Buffer.from('{}'), { headerLength: 3 }),
    says: /Inference-Header-Content-Length is 3, but the body has only 2 bytes/,
  },
  ...['-1', 'abc', '', '1.0', ' 5', '99999999999999999999'].map((value) => ({
    row: 46,
    title: `a header length of ${JSON.stringify(value)}`,
    run: () => parseHeaderLength(value),
    says: /^Unable to parse Inference-Header-Content-Length, got: /,
  })),
  {
    row: 47,
    title: 'a header length that cuts the JSON',
    run: () => take(Buffer.from(JSON.stringify({ inputs: [tensor('A'), tensor('B')] })), { headerLength: 40 }),
    says: /^failed to parse the request JSON/,
  },
  {
    row: 48,
    title: 'a text longer than its part',
    run: () => sendTexts(Buffer.from([9, 0, 0, 0, 65]), [1]),
    says: /expecting string of length 9 but only 1 bytes available/,
  },
  {
    row: 48,
    title: 'a prefix of two bytes',
    run: () => sendTexts(Buffer.from([1, 0]), [1]),
    says: /incomplete string length/,
  },
  {
    row: 49,
    title: 'too few texts',
    run: () => sendTexts(encodeBytesElements(['a', 'b']), [3]),
    says: /^expected 3 string elements for inference input 'A' for model 'm', got 2/,
  },
  {
    row: 49,
    title: 'too many texts',
    run: () => sendTexts(encodeBytesElements(['a', 'b']), [1]),
    says: /^expected 1 string elements .* got 2/,
  },
  {
    row: 27,
    title: 'bytes that are not UTF-8',
    run: () => sendTexts(encodeBytesElements([Buffer.from([0xff])]), [1]),
    says: /not valid UTF-8/,
  },
  { row: 27, title: 'bytes with NUL', run: () => sendTexts(encodeBytesElements(['a\0b']), [1]), says: /NUL/ },
  {
    row: 44,
    title: 'shared memory',
    run: () => take({ inputs: [tensor('A', { data: undefined, parameters: { shared_memory_region: 'x' } })] }),
    says: /shared memory is not supported/,
  },
];

describe('a binary request that is refused', () => {
  for (const { row, title, run, says } of refused) {
    it(`answers INVALID_INPUT to ${title} [${String(row)}]`, () => {
      assert.throws(run, { code: 'INVALID_INPUT', message: says });
    });
  }
});

describe('parameters', () => {
  const withParameters = (parameters: object) => take({ inputs: [tensor('A'), tensor('B')], parameters });
  for (const parameters of [
    { timeout: -1 },
    { timeout: '5' },
    { priority: 1.5 },
    { binary_data_output: 1 },
    { non_finite_tokens: 1 },
    { non_finite_tokens: 'true' },
    { triton_x: 1 },
    { timeout: [1] },
    { binary_data_output: {} },
    { triton_x: {} },
  ]) {
    it(`refuse ${JSON.stringify(parameters)}`, () => {
      assert.throws(() => withParameters(parameters), { code: 'INVALID_INPUT', message: /parameter '/ });
    });
  }
});
