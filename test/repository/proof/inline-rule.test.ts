import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mayRunInline } from '../../../src/repository/loading/instances.js';

const may = (...operators: readonly string[]): boolean =>
  mayRunInline({ operators: Object.fromEntries(operators.map((operator) => [operator, 1])) });

describe('models whose cheap runs may run on the HTTP thread', () => {
  it('are those whose cost follows from shapes', () => {
    assert.equal(may('Gemm', 'Relu', 'Softmax', 'Conv'), true);
    assert.equal(may(), true);
    for (const operator of ['Loop', 'Scan', 'If', 'Range', 'Tile', 'NonZero'])
      assert.equal(may('Add', operator), false);
  });

  it('have no operator that nobody knows, and no value that ends the process', () => {
    assert.equal(may('Add', 'com.microsoft:FusedGemm'), false);
    assert.equal(mayRunInline({ operators: { Div: 1 } }), true);
    assert.equal(mayRunInline({ operators: { Div: 1 }, hazard: 'it divides integers' }), false);
  });
});
