import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findConfig } from '../../../src/model/found/find-config.js';
import { headerOf, value } from '../headers.js';
import { find, findFolder as of, processor, vit } from './find.js';

describe('a folder of Hugging Face', () => {
  it('gives labels, activation and how images are prepared', () => {
    const { json, notes } = of(vit, processor);
    assert.deepEqual(json, {
      image: {
        input: 'images',
        resize: { width: 96, height: 64, fit: 'fill' },
        resample: 'bilinear',
        scale: 0.5,
        mean: [0.1, 0.2, 0.3],
        std: [0.4, 0.5, 0.6],
      },
      classification: { output: 'logits', activation: 'softmax', labels: ['cat', 'dog'] },
    });
    assert.deepEqual(notes, [
      'Found in config.json: ViTForImageClassification, classification of 2 classes.',
      'Found in preprocessor_config.json: how images are prepared (96x64, bilinear).',
    ]);
    const many = of({ ...vit, problem_type: 'multi_label_classification' }, processor);
    assert.equal(many.json.classification?.activation, 'sigmoid');
  });

  it('takes images where the exporter left every dimension open, unless the model has other channels', () => {
    const open = { input: [null, null, null, null], outputs: { logits: [null, 2] } } as const;
    const files = { 'config.json': vit, 'preprocessor_config.json': processor };
    assert.deepEqual(find({ ...open, files }).json, of(vit, processor).json);
    const gray = find({ ...open, files: { ...files, 'config.json': { ...vit, num_channels: 1 } } });
    assert.equal(gray.json.image, undefined);
    assert.match(gray.notes.join(), /no single input takes an image/);
    const alone = find({ ...open, files: { 'config.json': vit } });
    assert.equal(alone.json.image, undefined);
  });

  it('gives the labels that transformers gives where config.json names none, as many as the model has', () => {
    const unnamed = { architectures: vit.architectures };
    const labelsOf = (classes: number | null) =>
      find({ outputs: { logits: [null, classes] }, files: { 'config.json': unnamed } }).json.classification?.labels;
    assert.deepEqual(labelsOf(3), ['LABEL_0', 'LABEL_1', 'LABEL_2']);
    assert.deepEqual(labelsOf(null), ['LABEL_0', 'LABEL_1']);
  });

  it('answers a classifier of one label with sigmoid, and one that measures with its number', () => {
    const activationOf = (more: object) =>
      of({ ...vit, id2label: { 0: 'nsfw' }, ...more }, processor, { outputs: { logits: [null, 1] } }).json
        .classification?.activation;
    assert.equal(activationOf({}), 'sigmoid');
    assert.equal(activationOf({ problem_type: 'regression' }), 'none');
    assert.equal(activationOf({ problem_type: 'single_label_classification' }), 'softmax');
  });

  it('gives a detector its form: classes of their own, or one for nothing', () => {
    const detr = (architecture: string, classes: number) =>
      of({ architectures: [architecture], id2label: vit.id2label }, processor, {
        outputs: { logits: [null, 100, classes], pred_boxes: [null, 100, 4] },
      });
    assert.deepEqual(detr('DetrForObjectDetection', 3).json.detection, {
      form: 'detr',
      boxes: 'pred_boxes',
      scores: 'logits',
      activation: 'softmax',
      labels: ['cat', 'dog'],
    });
    for (const family of ['RTDetr', 'DeformableDetr', 'LwDetr', 'RfDetr', 'Deimv2']) {
      assert.equal(detr(`${family}ForObjectDetection`, 2).json.detection?.activation, 'sigmoid', family);
    }
    assert.match(detr('DetrForObjectDetection', 2).notes.join(), /'logits' \[N,K,3\], which the model does not have/);
  });

  it('is reported and not used where labels do not fit the model, and asks for images where it says nothing of them', () => {
    assert.match(
      of(vit, processor, { outputs: { logits: [null, 3] } }).notes.join(),
      /2 labels, but output 'logits' FP32 \[-1,3\]/,
    );
    assert.match(of({ ...vit, id2label: { 1: 'a', 2: 'b' } }).notes.join(), /not a list of labels from 0 on/);
    const bare = of(vit);
    assert.deepEqual([bare.json.image, bare.json.classification?.labels], [undefined, ['cat', 'dog']]);
    assert.match(bare.notes.join(), /There is no preprocessor_config\.json/);
  });

  it('is used where an earlier source said what it cannot use', () => {
    const metadata = { names: "{0: 'cat', 1: 'dog'}", stride: '32' };
    const files = { 'config.json': vit, 'preprocessor_config.json': { ...processor, size: { height: 32, width: 32 } } };
    const input = [null, 3, null, null];
    const { json, notes } = find({ input, outputs: { logits: [null, 2] }, metadata, files });
    assert.deepEqual([json.classification?.labels, json.image?.resize?.width], [['cat', 'dog'], 32]);
    assert.equal(notes.length, 3, notes.join());
    assert.match(notes[0] ?? '', /not used: no size of the image is known/);
  });

  it('of another kind, or a file that is none of theirs, is skipped', () => {
    for (const config of [{}, { architectures: ['BertModel'] }, { architectures: 7 }]) {
      assert.deepEqual(of(config, processor), { json: {}, notes: [] });
    }
    const text = findConfig(
      {},
      { header: headerOf([], [value('o', [1])]), companions: new Map([['config.json', '{']]) },
    );
    assert.deepEqual(text, { json: {}, notes: [] });
  });
});
