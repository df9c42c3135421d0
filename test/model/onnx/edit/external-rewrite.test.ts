import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rewriteExternalData, type ReplaceValue } from '../../../../src/model/onnx/edit/external-rewrite.js';
import { bytesField, concat, floatField, integerField, type Field } from '../../../../src/model/onnx/wire.js';

const entry = (key: string, value: string): Field => bytesField(13, [bytesField(1, key), bytesField(2, value)]);

/** A tensor outside the file, with a field behind its entries. */
const tensor = (offset: string): Field[] => [
  integerField(1, 300),
  bytesField(8, 'W'),
  entry('location', 'weights.bin'),
  entry('offset', offset),
  integerField(14, 1),
];

/** Every place of a model where a tensor may stand: an offset of its own in each. */
function model(offsets: (index: number) => string): Uint8Array {
  const at = (index: number) => tensor(offsets(index));
  const sparse = (index: number) => [bytesField(1, at(index)), bytesField(2, at(index + 1)), integerField(3, 7)];
  const inner = (index: number) => [
    bytesField(5, at(index)),
    bytesField(15, sparse(index + 1)),
    bytesField(1, [bytesField(4, 'Constant'), bytesField(5, [bytesField(1, 'value'), bytesField(5, at(index + 3))])]),
  ];
  const attributes = [
    bytesField(5, [bytesField(1, 'then_branch'), bytesField(6, inner(2)), integerField(20, 5)]),
    bytesField(5, [bytesField(11, inner(6)), floatField(2, 0.5), bytesField(10, at(10))]),
    bytesField(5, [bytesField(22, sparse(11)), bytesField(23, sparse(13))]),
  ];
  return concat([
    integerField(1, 8),
    bytesField(7, [
      bytesField(1, [bytesField(1, 'X'), ...attributes, bytesField(4, 'If')]),
      bytesField(2, 'main'),
      bytesField(5, at(0)),
      bytesField(5, [bytesField(8, 'inside'), bytesField(9, new Uint8Array(200).fill(13))]),
      bytesField(5, at(1)),
    ]),
    bytesField(14, [bytesField(1, 'offset'), bytesField(2, '5')]),
    bytesField(25, [bytesField(7, [bytesField(5, [bytesField(5, at(15))])])]),
  ]);
}

const rewrite = (bytes: Uint8Array, replace: ReplaceValue): Uint8Array => concat(rewriteExternalData(bytes, replace));

describe('new values for external data', () => {
  it('leave every byte as it was where nothing changes', () => {
    const bytes = model(String);
    const seen: string[] = [];
    const pieces = rewriteExternalData(bytes, (key, value) => {
      seen.push(`${key} ${value}`);
      return value;
    });
    assert.deepEqual(pieces, [bytes]);
    const offsets = seen.filter((text) => text.startsWith('offset'));
    assert.deepEqual(offsets.sort(), Array.from({ length: 16 }, (_, index) => `offset ${index}`).sort());
  });

  it('stand in graphs of any depth, with the lengths of all that encloses them', () => {
    // 100 digits more push the lengths of tensors, nodes and graphs from one byte to two, and on.
    for (const digits of [1, 2, 20, 100, 20_000]) {
      const longer = (value: string) => value.padEnd(digits, '0');
      const rewritten = rewrite(model(String), (key, value) => (key === 'offset' ? longer(value) : value));
      assert.deepEqual(
        rewritten,
        model((index) => longer(String(index))),
      );
    }
  });

  it('may be shorter, and only some', () => {
    const offsetOf = (index: number) => (index === 9 ? '1' : `${index}`.padEnd(130, '0'));
    const before = model((index) => `${index}`.padEnd(130, '0'));
    const ninth = '9'.padEnd(130, '0');
    assert.deepEqual(
      rewrite(before, (_, value) => (value === ninth ? '1' : value)),
      model(offsetOf),
    );
  });

  it('are refused for a file that is cut short, or nested without end', () => {
    const bytes = model(String);
    assert.throws(() => rewriteExternalData(bytes.subarray(0, -3), (_, value) => value), { code: 'MODEL_INVALID' });
    let graph: Field[] = [bytesField(2, 'innermost')];
    for (let depth = 0; depth < 40; depth += 1) graph = [bytesField(1, [bytesField(5, [bytesField(6, graph)])])];
    assert.throws(() => rewriteExternalData(bytesField(7, graph), (_, value) => value), {
      message: /nested more than 33 deep/,
    });
  });
});
