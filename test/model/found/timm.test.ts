import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { find } from './find.js';

describe("timm's config.json", () => {
  const cfg = {
    input_size: [3, 64, 96],
    mean: [0.1, 0.2, 0.3],
    std: [0.4, 0.5, 0.6],
    crop_pct: 0.5,
    interpolation: 'bicubic',
  };
  const of = (more: object, classes = 2, told: number | null = 2) =>
    find({
      outputs: { logits: [null, classes] },
      files: { 'config.json': { architecture: 'resnet18', num_classes: told, pretrained_cfg: { ...cfg, ...more } } },
    });

  it('gives size, crop, filter, mean and std', () => {
    const { json, notes } = of({});
    assert.deepEqual(json.image, {
      input: 'images',
      resize: { width: 192, height: 128, fit: 'outside' },
      crop: { width: 96, height: 64, rounding: 'even' },
      resample: 'bicubic',
      mean: [0.1, 0.2, 0.3],
      std: [0.4, 0.5, 0.6],
    });
    assert.equal(json.classification?.output, 'logits');
    assert.match(notes.join(), /timm\): resnet18, classification of 2 classes, images 96x64, bicubic\.$/);
    assert.equal(of({ interpolation: undefined }).json.image?.resample, 'bicubic');
    assert.equal(of({ interpolation: 'box' }).json.image?.resample, 'area');
    const { json: none, notes: why } = of({ interpolation: 'random' });
    assert.deepEqual(none, {});
    assert.match(why.join(), /not used: its resize filter "random" is not supported\./);
  });

  it('leaves squares to the resize of torchvision, which rounds down', () => {
    const { json } = find({
      input: [null, 3, 64, 64],
      outputs: { logits: [null, 2] },
      files: {
        'config.json': { architecture: 'a', num_classes: 2, pretrained_cfg: { ...cfg, input_size: [3, 64, 64] } },
      },
    });
    assert.deepEqual(json.image?.resize, { width: 128, height: 128, fit: 'outside', rounding: 'down' });
    assert.deepEqual(json.image.crop, { width: 64, height: 64, rounding: 'even' });
  });

  it('takes labels where they are there, and squashes where it says so', () => {
    const { json } = of({ label_names: ['a', 'b'], crop_mode: 'squash' });
    assert.deepEqual([json.classification?.labels, json.image?.resize?.fit], [['a', 'b'], 'fill']);
  });

  it('is reported and not used where it contradicts the model', () => {
    assert.match(of({}, 5).notes.join(), /2 classes, but output 'logits' FP32 \[-1,5\]/);
    assert.match(of({}, 2, null).notes.join(), /not used: num_classes is missing\./);
    assert.match(of({}, 21_841, 21_841).notes.join(), /classification of 21841 classes/);
    assert.match(of({ input_size: [3, 224, 224] }).notes.join(), /input_size is 224x224, but input 'images'/);
    assert.match(of({ crop_mode: 'border' }).notes.join(), /crop_mode "border" is not supported/);
    assert.match(of({ mean: [1] }).notes.join(), /input_size, mean or std are missing/);
  });
});
