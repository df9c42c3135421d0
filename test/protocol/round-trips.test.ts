import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeInferRequest, decodeInferResponse } from '../../src/protocol/client.js';
import { decodeInferRequest } from '../../src/protocol/v2/decode-request.js';
import { encodeInferResponse, toBytes } from '../../src/protocol/v2/encode.js';
import { validateInferRequest } from '../../src/protocol/validate.js';
import { datatypes, type Datatype } from '../../src/tensor/datatype.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { createRandom } from '../../src/tensor/random.js';
import { randomTensor } from './random-tensors.js';
import { identityModel } from './sum-model.js';

const random = createRandom(20240601);
const same = (actual: Tensor | undefined, expected: Tensor): void => {
  assert.ok(actual !== undefined);
  assert.deepEqual([actual.datatype, actual.shape], [expected.datatype, expected.shape]);
  assert.ok(Buffer.from(toBytes(actual)).equals(toBytes(expected)), `${expected.datatype} differs`);
};

describe('a tensor', () => {
  for (const datatype of Object.keys(datatypes) as Datatype[]) {
    const forms = datatypes[datatype].kind === 'half' ? (['binary'] as const) : (['binary', 'json'] as const);
    for (const form of forms) {
      it(`of ${datatype} comes back with every bit after ${form} requests and answers`, () => {
        for (let round = 0; round < 20; round++) {
          const sent = randomTensor(datatype, Math.floor(random() * 200), random);
          const model = identityModel(datatype, [-1]);
          const request = encodeInferRequest({ inputs: new Map([['A', sent]]), form });
          const decoded = decodeInferRequest(request, model);
          if (datatype !== 'BYTES') same(validateInferRequest(decoded, model).inputs.get('A'), sent);
          same(decoded.inputs.get('A'), sent);
          const { body, headerLength } = encodeInferResponse({
            modelName: 'm',
            modelVersion: '1',
            outputs: new Map([['Y', sent]]),
            binaryOutputs: new Set(decoded.binaryOutput ? ['Y'] : []),
            nonFiniteTokens: false,
          });
          same(decodeInferResponse(body, headerLength).outputs.get('Y'), sent);
        }
      });
    }
  }
});

describe('a number', () => {
  const read = (datatype: 'FP32' | 'FP64', literals: readonly string[]): ArrayLike<unknown> | undefined => {
    const text = `{"inputs":[{"name":"A","shape":[${String(literals.length)}],"datatype":"${datatype}","data":[${literals.join(',')}]}]}`;
    return decodeInferRequest({ body: Buffer.from(text) }, identityModel(datatype, [-1])).inputs.get('A')?.data;
  };

  it('of any literal is read as JSON.parse reads it', () => {
    const digits = (most: number): string => String(Math.floor(random() * 10)).repeat(1 + Math.floor(random() * most));
    const literals = Array.from({ length: 5000 }, () => {
      const whole =
        random() < 0.3 ? '0' : String(1 + Math.floor(random() * 9)) + String(random()).slice(2, 2 + random() * 20);
      const fraction = random() < 0.7 ? `.${String(random()).slice(2)}${random() < 0.1 ? digits(30) : ''}` : '';
      const exponent =
        random() < 0.5
          ? `${random() < 0.5 ? 'e' : 'E'}${['', '+', '-'][Math.floor(random() * 3)] ?? ''}${String(Math.floor(random() * 30))}`
          : '';
      return `${random() < 0.5 ? '-' : ''}${whole}${fraction}${exponent}`;
    }).filter((literal) => Math.abs(Number(literal)) < 1e38);
    const expected = literals.map((literal) => JSON.parse(literal) as number);
    assert.deepEqual(read('FP64', literals), Float64Array.from(expected));
    assert.deepEqual(read('FP32', literals), Float32Array.from(expected));
  });

  it('at the edge of what a double counts is rounded once', () => {
    const literals = Array.from({ length: 44 }, (_, at) => `9007199254740993e${String(at - 22)}`);
    assert.deepEqual(read('FP64', literals), Float64Array.from(literals, Number));
  });

  it('halfway between two FP32 values is rounded as its nearest double is', () => {
    const literals = Array.from({ length: 2000 }, () => {
      const low = Math.fround(random() * 2 - 1);
      const bits = new Int32Array(Float32Array.of(low).buffer);
      const high = new Float32Array(Int32Array.of((bits[0] ?? 0) + 1).buffer)[0] ?? 0;
      return ((low + high) / 2 + (random() < 0.5 ? 0 : low * 2 ** -52)).toPrecision(17 + Math.floor(random() * 8));
    });
    assert.deepEqual(read('FP32', literals), Float32Array.from(literals, Number));
  });
});
