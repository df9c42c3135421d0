import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ModelJson } from '../../../src/model/config-schema.js';
import { findConfig } from '../../../src/model/found/find-config.js';
import { adviseImage } from '../../../src/model/found/ultraface.js';
import { headerOf, value, type Dim } from '../headers.js';

describe('UltraFace', () => {
  const decoded = { Conv: 52, Softmax: 1, Exp: 1 };
  const of = (
    input: readonly Dim[],
    boxes: number,
    more: { operators?: object; classes?: number; json?: ModelJson } = {},
  ) => {
    const outputs = [value('scores', [1, boxes, more.classes ?? 2]), value('boxes', [1, boxes, 4])];
    const header = headerOf([value('input', input)], outputs);
    const operators = (more.operators ?? decoded) as Record<string, number>;
    return findConfig(more.json ?? {}, { header: { ...header, operators }, companions: new Map() });
  };

  it('is found by as many boxes as its grids have in the input, and asks for how images are prepared', () => {
    for (const [width, height, boxes] of [
      [320, 240, 4420],
      [640, 480, 17_640],
      [128, 96, 16 * 12 * 3 + 8 * 6 * 2 + 4 * 3 * 2 + 2 * 2 * 3],
    ] as const) {
      const { json, notes } = of([1, 3, height, width], boxes);
      assert.deepEqual(json, { detection: { form: 'ssd', boxes: 'boxes', scores: 'scores', labels: ['face'] } });
      assert.match(notes[0] ?? '', new RegExp(`^Found by shapes: UltraFace.*images ${width}x${height}\\.$`));
      const block = `"image": {"resize": {"width": ${width}, "height": ${height}, "fit": "contain"}, "scale": 0.0078125, "mean": [0.9921875]}`;
      assert.ok(notes[1]?.endsWith(block), notes[1]);
    }
  });

  it('is not taken for what only resembles it: other numbers, open sides, logits and offsets', () => {
    const nothing = { json: {}, notes: [] };
    assert.deepEqual(of([1, 3, 240, 320], 4421), nothing);
    assert.deepEqual(of([1, 3, 300, 300], 4420), nothing);
    assert.deepEqual(of([1, 3, 240, 320], 4420, { classes: 3 }), nothing);
    assert.deepEqual(of([1, 3, null, null], 4420), nothing);
    assert.deepEqual(of([1, 240, 320, 3], 4420), nothing);
    assert.deepEqual(of([1, 3, 240, 320], 4420, { operators: { Conv: 52, Softmax: 1 } }), nothing);
  });

  it('keeps what model.json says', () => {
    const json: ModelJson = { image: { mean: [0.5] } };
    assert.deepEqual(of([1, 3, 240, 320], 4420, { json }).json.image, json.image);
    const own: ModelJson = { detection: { form: 'ssd', score: 0.7 } };
    assert.deepEqual(of([1, 3, 240, 320], 4420, { json: own }).json, own);
  });
});

describe('the image block to write', () => {
  const advise = (...inputs: readonly (readonly Dim[])[]) =>
    adviseImage(
      headerOf(
        inputs.map((dims, n) => value(`in${n}`, dims)),
        [value('out', [1, 2])],
      ),
    );

  it('has the sides of the one input that takes an image', () => {
    assert.match(advise([1, 3, 48, 64]) ?? '', /^"image": \{"resize": \{"width": 64, "height": 48\}, "mean"/);
    assert.match(advise([1, 48, 64, 3]) ?? '', /"width": 64, "height": 48/);
    assert.match(advise([null, 3, null, null]) ?? '', /"width": 224, "height": 224.*with sizes, mean and std/);
  });

  it('is none where no input or several may take an image', () => {
    assert.equal(advise([1, 10]), undefined);
    assert.equal(advise([1, 3, 8, 8], [1, 3, 8, 8]), undefined);
  });
});
