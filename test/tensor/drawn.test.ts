import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { datatypes, type Datatype } from '../../src/tensor/datatype.js';
import { drawTensors } from '../../src/tensor/drawn.js';
import type { Tensor } from '../../src/tensor/tensor.js';

const names = Object.keys(datatypes) as Datatype[];
const sizes = { rows: 2, variable: 5 };

function draw(datatype: Datatype, seed?: number): Tensor {
  const options = { ...sizes, ...(seed === undefined ? {} : { seed }) };
  return drawTensors([{ name: 'x', datatype, shape: [-1, 3, -1] }], options).get('x')!;
}

describe('made-up tensors', () => {
  for (const datatype of names) {
    it(`of ${datatype} fit, and are the same for the same seed only`, () => {
      const drawn = draw(datatype, 1);
      assert.deepEqual([drawn.datatype, drawn.shape, drawn.data.length], [datatype, [2, 3, 5], 30]);
      assert.deepEqual(draw(datatype, 1), drawn);
      assert.notDeepEqual(draw(datatype, 2), drawn);
    });

    it(`of ${datatype} are empty without a seed`, () => {
      const { data } = draw(datatype);
      assert.equal(data.length, 30);
      for (const value of data) assert.ok(datatype === 'BYTES' ? value === '' : Number(value) === 0);
    });
  }

  it('hold indices and flags of 0 and 1, and fractions', () => {
    for (const datatype of names.filter((name) => /INT|BOOL/.test(name))) {
      assert.deepEqual(new Set(Array.from(draw(datatype, 3).data, Number)), new Set([0, 1]), datatype);
    }
    for (const datatype of ['FP32', 'FP64'] as const) {
      const values = Array.from(draw(datatype, 3).data, Number);
      assert.ok(values.every((value) => value >= 0 && value <= 1) && new Set(values).size > 20, datatype);
    }
    for (const bits of draw('FP16', 3).data as Uint16Array) assert.ok(bits >= 0x3800 && bits < 0x3c00);
  });

  it('differ from input to input', () => {
    const specs = ['a', 'b'].map((name) => ({ name, datatype: 'FP32' as const, shape: [4] }));
    const drawn = drawTensors(specs, { ...sizes, seed: 0 });
    assert.notDeepEqual(drawn.get('a')?.data, drawn.get('b')?.data);
  });

  it('are scalars where the shape is empty', () => {
    const drawn = drawTensors([{ name: 'x', datatype: 'INT64', shape: [] }], sizes);
    assert.deepEqual(drawn.get('x'), { datatype: 'INT64', shape: [], data: BigInt64Array.of(0n) });
  });

  it('are refused beyond the limit, before anything is allocated', () => {
    const specs = [{ name: 'x', datatype: 'FP32' as const, shape: [-1, 2 ** 52, 4] }];
    assert.throws(() => drawTensors(specs, { ...sizes, maxElements: 100 }), {
      code: 'INVALID_INPUT',
      message: "input 'x' is too large to make up: [2,4503599627370496,4], expected at most 100 elements",
    });
  });
});
