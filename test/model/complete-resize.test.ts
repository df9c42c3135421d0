import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { completeConfig } from '../../src/model/complete/complete-config.js';
import type { ModelJson } from '../../src/model/config-schema.js';
import { headerOf, value } from './headers.js';

const resizeOf = (dims: readonly number[], json: NonNullable<ModelJson['image']>) =>
  completeConfig({ image: json }, headerOf([value('image', dims)], [value('Y', [-1, 10])]), 'cpu').image?.resize;

const [fixed, open] = [
  [1, 3, 8, 8],
  [-1, 3, -1, -1],
];

describe('the resize block of model.json', () => {
  it('says how images of any size are resampled, anchored and brought to a multiple', () => {
    const resize = {
      width: 64,
      height: 32,
      fit: 'height',
      multipleOf: 8,
      anchor: 'top-left',
      library: 'opencv',
    } as const;
    assert.deepEqual(resizeOf(open, { resample: 'area', resize }), {
      width: 64,
      height: 32,
      fit: 'height',
      background: [0],
      multiple: { of: 8, by: 'bars' },
      anchor: 'top-left',
      method: 'area',
      library: 'opencv',
    });
  });

  it('takes the height of a model of variable width', () => {
    assert.equal(resizeOf([-1, 3, 48, -1], { resize: { width: 900, fit: 'height' } })?.height, 48);
  });

  const refusals: readonly (readonly [readonly number[], NonNullable<ModelJson['image']>['resize'], RegExp])[] = [
    [fixed, { multipleOf: 32 }, /multipleOf does not work with fit "cover"/],
    [open, { width: 8, height: 8, multipleBy: 'stretch' }, /multipleBy needs multipleOf/],
    [fixed, { anchor: 'top-left' }, /anchor does not work with fit "cover"/],
    [fixed, { fit: 'fill', enlarge: false }, /enlarge: false does not work with fit "fill"/],
    [open, { width: 8, height: 8, longest: 9 }, /longest does not work with fit "cover" and 8x8.*fit "outside"/],
    [open, { width: 8, height: 9, fit: 'outside', longest: 12 }, /longest does not work with fit "outside" and 8x9/],
    [fixed, { fit: 'outside', longest: 12 }, /fit "outside" gives images of various sizes/],
    [fixed, { fit: 'height' }, /fit "height" gives images of various sizes/],
  ];
  for (const [dims, resize, words] of refusals) {
    it(`is refused as ${JSON.stringify(resize)}`, () => {
      assert.throws(() => resizeOf(dims, { resize }), { code: 'MODEL_INVALID', message: words });
    });
  }
});
