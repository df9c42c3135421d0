import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exampleInputs } from '../../../src/model/example/example.js';
import type { HeaderValue, OnnxHeader } from '../../../src/model/config.js';
import { headerOf, value, type Dim } from '../headers.js';

/** An input whose open dimensions have names: `'batch'` beside numbers. */
function input(name: string, dims: readonly (number | string)[], datatype: HeaderValue['datatype'] = 'FP32') {
  const shape = dims.map((dim) => (typeof dim === 'number' ? dim : -1));
  return { name, datatype, shape, dimNames: dims.map((dim) => (typeof dim === 'string' ? dim : '')) };
}

const shown = (header: OnnxHeader) =>
  Object.fromEntries([...exampleInputs(header)].map(([name, { shape, fill }]) => [name, [shape, fill]]));

describe('the example of a model', () => {
  it('has images of 224 for one list of classes, of 320 for anything else, and the sides that the model fixes', () => {
    const image = (dims: readonly Dim[], output: readonly Dim[]) =>
      exampleInputs(headerOf([value('x', dims)], [value('y', output)])).get('x')?.shape;
    assert.deepEqual(image([null, 3, null, null], [null, 1000]), [1, 3, 224, 224]);
    assert.deepEqual(image([null, null, null, 3], [null, 10]), [1, 224, 224, 3]);
    assert.deepEqual(image([null, 3, null, null], [null, 84, null]), [1, 3, 320, 320]);
    assert.deepEqual(image([1, 1, 28, null], [1, 10]), [1, 1, 28, 224]);
    assert.deepEqual(image([2, 3, 240, 320], [2, 10]), [2, 3, 240, 320]);
  });

  it('has the size that the exporter or model.json names', () => {
    const header = headerOf([value('images', [1, 3, null, null])], [value('y', [1, 6, null])]);
    const named = { ...header, metadata: { imgsz: '[416, 640]' } };
    assert.deepEqual(exampleInputs(named).get('images')?.shape, [1, 3, 416, 640]);
    const image = {
      input: 'images',
      resize: { width: 96, height: 64, fit: 'contain' as const, background: [0] },
      color: 'rgb' as const,
      layout: 'NCHW' as const,
      scale: 1,
      mean: [0],
      std: [1],
      invert: false,
    };
    assert.deepEqual(exampleInputs(named, { image }).get('images')?.shape, [1, 3, 64, 96]);
  });

  it('has lines of text of 48 pixels for a model that reads along them', () => {
    const header = headerOf([value('x', [null, 3, null, null])], [value('y', [null, null, 97])]);
    assert.deepEqual(
      exampleInputs({ ...header, operators: { Conv: 20, Softmax: 1 } }).get('x')?.shape,
      [1, 3, 48, 320],
    );
    const detector = { ...header, operators: { Conv: 60, Resize: 2, Softmax: 1 } };
    assert.deepEqual(exampleInputs(detector).get('x')?.shape, [1, 3, 320, 320]);
  });

  it('begins sound with no state, 512 samples and 16 kHz', () => {
    const header = headerOf(
      [input('input', ['', '']), input('state', [2, '', 128]), input('sr', [], 'INT64')],
      [value('output', [null, 1]), value('stateN', [null, null, null])],
    );
    assert.deepEqual(shown(header), { input: [[1, 512], 'varied'], state: [[2, 1, 128], 0], sr: [[], 16_000] });
    const frames = headerOf(
      [input('x', ['batch', 'sequence']), input('h', [2, 'batch', 64]), input('c', [2, 'batch', 64])],
      [value('y', [null, 1]), value('hn', [2, null, 64]), value('cn', [2, null, 64])],
    );
    assert.deepEqual(shown(frames), { x: [[1, 512], 'varied'], h: [[2, 1, 64], 0], c: [[2, 1, 64], 0] });
  });

  it('has 16 tokens that all count, of one kind, and an empty cache of keys, with sums of names added up', () => {
    const header = headerOf(
      [
        input('input_ids', ['batch_size', 'sequence_length'], 'INT64'),
        input('attention_mask', ['batch_size', 'past_sequence_length + sequence_length'], 'INT64'),
        input('token_type_ids', ['batch_size', 'sequence_length'], 'INT64'),
        input('position_ids', ['batch_size', 'sequence_length'], 'INT64'),
        input('past_key_values.0.key', ['batch_size', 4, 'past_sequence_length', 64]),
      ],
      [value('logits', [null, null, 1000]), value('present.0.key', [null, 4, null, 64])],
    );
    assert.deepEqual(shown(header), {
      input_ids: [[1, 16], 'varied'],
      attention_mask: [[1, 16], 1],
      token_type_ids: [[1, 16], 0],
      position_ids: [[1, 16], 'positions'],
      'past_key_values.0.key': [[1, 4, 0, 64], 0],
    });
  });

  it('has plausible values for lone numbers: thresholds, counts, and sizes of the image beside them', () => {
    const header = headerOf(
      [
        input('orig_target_sizes', ['N', 2], 'INT64'),
        input('images', ['N', 3, 640, 640]),
        input('iou_threshold', [1]),
        input('score_threshold', [1]),
        input('max_output_boxes', [1], 'INT64'),
        input('temperature', []),
        input('scale_factor', [1, 2]),
      ],
      [value('labels', [null, 300])],
    );
    assert.deepEqual(shown(header), {
      images: [[1, 3, 640, 640], 'varied'],
      orig_target_sizes: [[1, 2], 640],
      iou_threshold: [[1], 0.5],
      score_threshold: [[1], 0.25],
      max_output_boxes: [[1], 100],
      temperature: [[], 1],
      scale_factor: [[1, 2], 1],
    });
  });

  it('gives one name one size, and leaves the rows at one', () => {
    const header = headerOf([input('a', ['N', 'features']), input('b', ['features'])], [value('y', [null, 2])]);
    assert.deepEqual(shown(header), { a: [[1, 16], 'varied'], b: [[16], 'varied'] });
    const texts = headerOf([input('text', ['', 1], 'BYTES'), input('flags', [4], 'BOOL')], [value('y', [null, 2])]);
    assert.deepEqual(shown(texts), { text: [[1, 1], 'varied'], flags: [[4], 'varied'] });
  });
});
