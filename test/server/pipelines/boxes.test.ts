import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CropConfig } from '../../../src/model/pipeline/pipeline-json.js';
import { chooseBoxes } from '../../../src/server/pipelines/boxes.js';

const crop: CropConfig = { of: 'there', labels: ['cat', '3'], margin: 0, square: false, most: 2, leastSide: 1 };
const box = [1, 2, 3, 4];
const choose = (...detections: readonly unknown[]) => chooseBoxes({ detections }, crop);

describe('the boxes of an answer that another server gave', () => {
  it('are the best ones of the labels that are wanted, by name or number, and those beyond the most are counted', () => {
    const { boxes, leftOut } = choose(
      { box, label: 'dog' },
      { box, label: 'cat', results: { before: 1 } },
      { box, index: 3 },
      { box, label: 'cat' },
      { box },
      { box, label: { toString: 1 }, index: 3 },
    );
    assert.deepEqual(
      boxes.map(({ entry }) => entry['label'] ?? entry['index']),
      ['cat', 3],
    );
    assert.equal(leftOut, 1);
  });

  it('are refused, and no fault of this server, where they cannot be read', () => {
    const noBox = { code: 'STEP_FAILED', message: 'a detection has no "box" of four numbers' };
    for (const wrong of [null, 5, {}, { box: '1234' }, { box: [1, 2, 3] }, { box: [1, 2, 3, '4'] }]) {
      assert.throws(() => choose(wrong), noBox);
    }
    const noResults = { code: 'STEP_FAILED', message: 'a detection has "results" that are no object' };
    for (const results of ['abc', 5, null, [1]]) assert.throws(() => choose({ box, results }), noResults);
  });
});
