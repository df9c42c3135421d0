import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Pooling } from '../../../src/model/tasks/text-config.js';
import { embed, similarity } from '../../../src/tasks/embedding/embed.js';
import { createRandom } from '../../../src/tensor/random.js';

const random = createRandom(5);
const [rows, tokens, size] = [4, 5, 3];
/** Both signs, large and small. */
const values = Float32Array.from({ length: rows * tokens * size }, (_, n) => (random() - 0.5) * 10 ** ((n % 9) - 3));
/** The last row has one token, the third begins with padding. */
const maskRows = [
  [1, 1, 1, 1, 1],
  [1, 1, 0, 0, 0],
  [0, 0, 1, 1, 1],
  [1, 0, 0, 0, 0],
];
const mask = { datatype: 'INT64', shape: [rows, tokens], data: BigInt64Array.from(maskRows.flat(), BigInt) } as const;
const run = (pooling: Pooling, normalize: boolean) =>
  embed({
    outputs: new Map([['o', { datatype: 'FP32', shape: [rows, tokens, size], data: values }]]),
    config: { output: 'o', pooling, normalize },
    mask,
  });

/** From the definitions, in FP64. */
function reference(pooling: Pooling, normalize: boolean): number[][] {
  return maskRows.map((marks, row) => {
    const own = marks.flatMap((mark, token) =>
      mark === 1 ? [Array.from({ length: size }, (_, i) => values[(row * tokens + token) * size + i]!)] : [],
    );
    const column = (i: number) => own.map((token) => token[i]!);
    const vector = Array.from({ length: size }, (_, i) => {
      if (pooling === 'cls') return column(i)[0]!;
      return pooling === 'max' ? Math.max(...column(i)) : column(i).reduce((a, b) => a + b) / own.length;
    });
    const length = normalize ? Math.hypot(...vector) : 1;
    return vector.map((value) => Math.fround(value / length));
  });
}

describe('embedding', () => {
  for (const pooling of ['mean', 'cls', 'max'] as const) {
    it(`pools tokens that count as the definition says, to the last digit of FP32: ${pooling}`, () => {
      for (const normalize of [false, true]) {
        const expected = reference(pooling, normalize).flat();
        run(pooling, normalize)
          .flatMap((vector) => [...vector])
          .forEach((value, n) => {
            const most = Math.abs(expected[n]!) * 2 ** -23;
            assert.ok(Math.abs(value - expected[n]!) <= most, `${value} instead of ${expected[n]}`);
          });
      }
    });
  }

  it('takes vectors that the model pooled, keeps nothing as nothing, and huge ones finite', () => {
    const data = Float32Array.of(0, 0, 3e38, -3e38, 3e-40, 4e-40);
    const vectors = embed({
      outputs: new Map([['o', { datatype: 'FP32', shape: [3, 2], data }]]),
      config: { output: 'o', pooling: 'none', normalize: true },
    }).map((vector) => [...vector].map((value) => Math.round(value * 1e4) / 1e4));
    assert.deepEqual(vectors, [
      [0, 0],
      [0.7071, -0.7071],
      [0.6, 0.8],
    ]);
  });

  it('refuses outputs of another shape than its pooling needs', () => {
    const of = (shape: number[], pooling: Pooling) => () =>
      embed({
        outputs: new Map([['o', { datatype: 'FP32', shape, data: new Float32Array(12) }]]),
        config: { output: 'o', pooling, normalize: false },
        mask: { datatype: 'INT64', shape: [2, 3], data: new BigInt64Array(6) },
      });
    assert.throws(of([2, 6], 'mean'), /shape \[2,6\] here: expected \[N,tokens,D\]/);
    assert.throws(of([2, 2, 3], 'mean'), /its mask \[2,3\]/);
    assert.throws(of([2, 2, 3], 'none'), /expected \[N,D\]/);
  });

  it('compares by the cosine: 1 with itself, -1 with the opposite, 0 across and with nothing', () => {
    const vectors = [
      [3, 4],
      [-6, -8],
      [-4, 3],
      [0, 0],
    ].map((vector) => Float32Array.from(vector));
    const rounded = similarity(vectors).map((row) => row.map((value) => Math.round(value * 1e9) / 1e9 + 0));
    assert.deepEqual(rounded, [
      [1, -1, 0, 0],
      [-1, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 0],
    ]);
  });
});
