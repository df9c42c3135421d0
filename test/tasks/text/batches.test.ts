import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TextConfig } from '../../../src/model/tasks/text-config.js';
import type { TokenPadding } from '../../../src/model/tokenizer-file.js';
import { bucketOf, makeBatches } from '../../../src/tasks/text/batches.js';
import type { EncodedText } from '../../../src/tasks/text/tokenizer.js';

const config: TextConfig = { ids: 'i', mask: 'm', types: 't', maxLength: 100 };
const right: TokenPadding = { id: 9, typeId: 2, side: 'right' };
const specs = ['i', 'm', 't'].map((name) => ({ name, datatype: 'INT64' as const, shape: [-1, -1] }));
const textOf = (length: number): EncodedText => ({
  ids: Array.from({ length }, (_, n) => n + 10),
  types: Array.from({ length }, (_, n) => (n > 1 ? 1 : 0)),
});
const make = (lengths: readonly number[], more: Partial<Parameters<typeof makeBatches>[1]> = {}) =>
  makeBatches(lengths.map(textOf), { config, specs, mostRows: 2, padding: right, ...more });
const rowsOf = (batches: ReturnType<typeof make>) =>
  batches.map(({ texts, inputs }) => [...texts, ...inputs.get('i')!.shape]);
const listOf = (batches: ReturnType<typeof make>, name: string) =>
  Array.from(batches[0]!.inputs.get(name)!.data as ArrayLike<bigint | number>, Number);

describe('batches of texts', () => {
  it('join texts of about one length, and no more than a run takes', () => {
    assert.deepEqual(rowsOf(make([3, 40, 5, 9, 8, 41])), [
      [0, 2, 2, 8],
      [4, 1, 8],
      [3, 1, 12],
      [1, 5, 2, 48],
    ]);
    assert.deepEqual(
      make([3, 40, 5, 9, 8, 41]).map(({ tokens }) => tokens),
      [3 + 5, 8, 9, 40 + 41],
    );
  });

  it('pad with the token of the tokenizer on its side, and mask it', () => {
    const padded = make([3]);
    assert.deepEqual(listOf(padded, 'i'), [10, 11, 12, 9, 9, 9, 9, 9]);
    assert.deepEqual(listOf(padded, 'm'), [1, 1, 1, 0, 0, 0, 0, 0]);
    assert.deepEqual(listOf(padded, 't'), [0, 0, 1, 2, 2, 2, 2, 2]);
    const left = make([3], { padding: { ...right, side: 'left' } });
    assert.deepEqual(listOf(left, 'i'), [9, 9, 9, 9, 9, 10, 11, 12]);
    assert.deepEqual(listOf(left, 'm'), [0, 0, 0, 0, 0, 1, 1, 1]);
  });

  it('are of equal lengths where padding would change the answer: without a mask or a padding token', () => {
    const unmasked: TextConfig = { ids: 'i', types: 't', maxLength: 100 };
    for (const more of [{ config: unmasked }, { padding: undefined }]) {
      assert.deepEqual(rowsOf(make([3, 4, 3], more)), [
        [0, 2, 2, 3],
        [1, 1, 4],
      ]);
    }
  });

  it('have the length that the model declares, and never more than its most', () => {
    assert.deepEqual(rowsOf(make([3, 9], { config: { ...config, fixedLength: 16 } })), [[0, 1, 2, 16]]);
    assert.deepEqual(rowsOf(make([97])), [[0, 1, 100]]);
    assert.throws(() => make([3], { config: { ...config, fixedLength: 16 }, padding: undefined }), /no padding token/);
  });

  it('are INT32 where the model is, and refuse a text without a token', () => {
    const short = specs.map((spec) => ({ ...spec, datatype: 'INT32' as const }));
    assert.equal(make([3], { specs: short })[0]!.inputs.get('m')!.datatype, 'INT32');
    assert.throws(() => make([3, 0]), /no token/);
  });

  it('waste at most a third of a row beyond eight tokens', () => {
    for (let length = 1; length < 5000; length++) {
      const bucket = bucketOf(length);
      assert.ok(bucket >= length && (length <= 8 || (bucket - length) / bucket < 1 / 3), `${length} in ${bucket}`);
    }
  });
});
