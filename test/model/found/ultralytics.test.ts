import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseNames } from '../../../src/model/found/ultralytics.js';
import type { Dim } from '../headers.js';
import { find } from './find.js';

const yolo = { task: 'detect', names: "{0: 'cat', 1: \"dog's\"}", imgsz: '[64, 96]', stride: '32' };

describe('metadata of Ultralytics', () => {
  it('gives form, labels, and images with gray bars', () => {
    const { json, notes } = find({ outputs: { output0: [1, 6, 2100] }, metadata: yolo });
    assert.deepEqual(json, {
      image: { input: 'images', resize: { width: 96, height: 64, fit: 'contain', background: [114] } },
      detection: { form: 'yolov8', output: 'output0', labels: ['cat', "dog's"] },
    });
    assert.match(
      notes.join(),
      /^Found in the model file's metadata \(Ultralytics\): detection of 2 classes, form "yolov8", images 96x64/,
    );
  });

  it('tells the forms apart by the number of classes, and by suppression inside', () => {
    const formOf = (shape: readonly Dim[], more: object = {}) =>
      find({ outputs: { o: shape }, metadata: { ...yolo, ...more } }).json.detection?.form;
    const one = { names: "{0: 'face'}" };
    assert.equal(formOf([1, 2100, 7]), 'yolov5');
    assert.equal(formOf([1, 300, 6]), 'end-to-end');
    assert.equal(formOf([1, 5, 2100], one), 'yolov8');
    assert.equal(formOf([1, 2100, 6], one), 'yolov5');
    assert.equal(formOf([1, 300, 6], { ...one, args: "{'batch': 1, 'nms': True}" }), 'end-to-end');
    assert.equal(formOf([1, 300, 6], one), 'end-to-end');
    assert.equal(formOf([null, 6, null]), 'yolov8');
    for (const shape of [
      [1, 8, 2100],
      [1, 6],
    ])
      assert.equal(formOf(shape), undefined);
  });

  it('takes a form on trust where an export with dynamic axes left every dimension open', () => {
    const found = (more: object, outputs: Readonly<Record<string, readonly Dim[]>>) =>
      find({ input: [null, 3, null, null], outputs, metadata: { ...yolo, ...more } });
    const open = [null, null, null];
    assert.equal(found({}, { o: open }).json.detection?.form, 'yolov8');
    assert.equal(found({ args: "{'nms': True}" }, { o: open }).json.detection?.form, 'end-to-end');
    const masks = found({ task: 'segment' }, { output0: open, output1: [null, null, null, null] });
    assert.deepEqual([masks.json.detection?.form, masks.json.detection?.masks], ['yolov8', 'output1']);
    assert.match(masks.notes[0] ?? '', /detection of 2 classes with masks, form "yolov8", images 96x64 with bars/);
  });

  it("reads RT-DETR's boxes as shares of an image that fills the input, of any number of classes", () => {
    for (const names of [yolo.names, "{0: 'face'}"]) {
      const metadata = { ...yolo, names, author: 'Ultralytics', description: 'Ultralytics rtdetr-l model ' };
      const { json, notes } = find({ outputs: { output0: [1, 300, 6] }, metadata });
      const { form, coordinates, units } = json.detection ?? {};
      assert.deepEqual([form, coordinates, units], ['end-to-end', 'cxcywh', 'relative']);
      assert.deepEqual(json.image?.resize, { width: 96, height: 64, fit: 'fill', library: 'opencv' });
      assert.match(notes[0] ?? '', /form "end-to-end", images 96x64\.$/);
    }
    const names = `{${Array.from({ length: 80 }, (_, n) => `${n}: 'class ${n}'`).join(', ')}}`;
    const before = { ...yolo, names, author: 'Ultralytics', description: 'Ultralytics rtdetr-l model ' };
    const { json } = find({ outputs: { output0: [1, 300, 84] }, metadata: before });
    const { form, coordinates, units, labels = [] } = json.detection ?? {};
    assert.deepEqual([form, coordinates, units, labels.length], ['rt-detr', 'cxcywh', 'relative', 80]);
    const older = { ...yolo, description: 'Ultralytics rtdetr-l model ' };
    assert.match(find({ outputs: { o: [1, 300, 84] }, metadata: older }).notes.join(), /is not a table of boxes/);
  });

  it('resizes with OpenCV as Ultralytics does, where the file is theirs', () => {
    const libraryOf = (metadata: Readonly<Record<string, string>>) =>
      find({ outputs: { output0: [1, 6, 2100] }, metadata }).json.image?.resize?.library;
    assert.equal(libraryOf({ ...yolo, author: 'Ultralytics' }), 'opencv');
    assert.equal(libraryOf({ ...yolo, author: 'Somebody' }), undefined);
  });

  it('reads what YOLOv5 and programs made from it write: names and a stride', () => {
    const found = (outputs: Readonly<Record<string, readonly Dim[]>>) =>
      find({ outputs, metadata: { names: "{0: 'cat', 1: 'dog'}", stride: '32' } });
    const { json, notes } = found({ output0: [1, 378, 7] });
    assert.equal(json.detection?.form, 'yolov5');
    assert.deepEqual(json.image?.resize, {
      width: 96,
      height: 64,
      fit: 'contain',
      background: [114],
      library: 'opencv',
    });
    assert.match(notes[0] ?? '', /detection of 2 classes, form "yolov5", images 96x64 with bars/);
    assert.equal(found({ output0: [1, 6, 126] }).json.detection?.form, 'yolov8');
    assert.equal(found({ output0: [1, 378, 39], output1: [1, 32, 16, 24] }).json.detection?.masks, 'output1');
    for (const shape of [
      [1, 2],
      [1, 378, 9],
      [null, null, null],
      [1, 3, 8, 12, 7],
    ]) {
      assert.deepEqual(found({ output0: shape }), { json: {}, notes: [] });
    }
  });

  it('uses the size that the model declares, says where the metadata has another, and takes theirs where it is open', () => {
    const sizeOf = (input: readonly Dim[], imgsz: string) => {
      const { json, notes } = find({ input, outputs: { o: [null, 6, null] }, metadata: { ...yolo, imgsz } });
      return [json.image?.resize?.width, json.image?.resize?.height, notes.length];
    };
    assert.deepEqual(sizeOf([1, 3, 64, 96], '[640, 640]'), [96, 64, 2]);
    assert.deepEqual(sizeOf([null, 3, null, null], '[640, 480]'), [480, 640, 1]);
    assert.deepEqual(sizeOf([null, 3, null, null], '320'), [320, 320, 1]);
    assert.deepEqual(sizeOf([null, 3, null, null], 'large'), [undefined, undefined, 1]);
  });

  it('is reported and not used where it contradicts the model, or its task has no answers', () => {
    for (const [metadata, message] of [
      [{ ...yolo, names: "{0: 'a', 1: 'b', 2: 'c'}" }, /\[1,6,2100\] is not a table of boxes for 3 classes/],
      [{ ...yolo, task: 'pose' }, /task pose, which is answered with raw tensors only/],
      [{ ...yolo, names: 'cats and dogs' }, /its 'names' cannot be read/],
    ] as const) {
      const { json, notes } = find({ outputs: { output0: [1, 6, 2100] }, metadata });
      assert.deepEqual(json, {});
      assert.match(notes.join(), message);
    }
  });

  it('gives a classifier its labels and no activation', () => {
    const { json } = find({ outputs: { output0: [1, 2] }, metadata: { ...yolo, task: 'classify' } });
    assert.deepEqual(json.classification, { output: 'output0', activation: 'none', labels: ['cat', "dog's"] });
    assert.deepEqual(json.image?.resize, { width: 96, height: 64, fit: 'outside', rounding: 'down' });
    assert.deepEqual(json.image.crop, { width: 96, height: 64, rounding: 'even' });
  });

  it('gives way to model.json, block by block', () => {
    const own = { detection: { form: 'yolov8', labels: 'mine.txt' } } as const;
    const { json } = find({ outputs: { output0: [1, 6, 2100] }, metadata: yolo, json: own });
    assert.deepEqual(json.detection, own.detection);
    assert.equal(json.image?.resize?.fit, 'contain');
    const classified = { classification: {}, image: {} };
    assert.deepEqual(find({ outputs: { output0: [1, 6, 2100] }, metadata: yolo, json: classified }), {
      json: classified,
      notes: [],
    });
  });

  it('has names as Python or JSON writes them, none left out', () => {
    assert.deepEqual(parseNames(`{0: 'a, b', 1: "it's", 2: 'it\\'s', "3": "{4: 'x'}"}`), [
      'a, b',
      "it's",
      "it's",
      "{4: 'x'}",
    ]);
    for (const text of ['', '{}', "{1: 'a'}", "{0: 'a', 2: 'b'}", "{0: 'a'", "['a']", '{0: a}'])
      assert.equal(parseNames(text), undefined);
  });

  it('has names of up to 2,097,152 characters, and says so of more', () => {
    const most = 2 << 20;
    for (const [fill, name] of [
      ['x', 'x'],
      ["\\'", "'"],
    ] as const) {
      const count = (most - 8) / fill.length;
      const whole = `{0: '${fill.repeat(count)}'}`.padEnd(most);
      assert.deepEqual(parseNames(whole), [name.repeat(count)]);
      assert.equal(parseNames(`${whole} `), undefined);
    }
    const names = `{0: '${'x'.repeat(10 << 20)}'}`;
    const { notes } = find({ outputs: { output0: [1, 6, 2100] }, metadata: { ...yolo, names } });
    assert.match(notes.join(), /not used: its 'names' has 10485767 characters, more than 2097152/);
  });
});
