import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findConfig } from '../../../src/model/found/find-config.js';
import { parseNames } from '../../../src/model/found/ultralytics.js';
import { headerOf, value, type Dim } from '../headers.js';
import { find, type Given } from './find.js';

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
    assert.deepEqual(json.image?.crop, { width: 96, height: 64, rounding: 'even' });
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
});

const processor = {
  do_resize: true,
  size: { height: 64, width: 96 },
  do_rescale: true,
  rescale_factor: 0.5,
  do_normalize: true,
  image_mean: [0.1, 0.2, 0.3],
  image_std: [0.4, 0.5, 0.6],
  resample: 2,
};
const vit = { architectures: ['ViTForImageClassification'], id2label: { 0: 'cat', 1: 'dog' } };

describe('a folder of Hugging Face', () => {
  const of = (config: object, preprocessor?: object, more: Partial<Given> = {}) =>
    find({
      outputs: { logits: [null, 2] },
      files: { 'config.json': config, ...(preprocessor && { 'preprocessor_config.json': preprocessor }) },
      ...more,
    });

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

  it('resizes the shortest edge and cuts the middle out, as the processor says', () => {
    const resizeOf = (more: object, side: Dim = 224) => {
      const { json, notes } = of(vit, { ...processor, ...more }, { input: [null, 3, side, side] });
      return { made: json.image && [json.image.resize, json.image.crop], note: notes.at(-1) ?? '' };
    };
    const crop = { width: 224, height: 224 };
    const outside = (side: number) => ({ width: side, height: side, fit: 'outside', rounding: 'down' });
    assert.deepEqual(resizeOf({ size: { shortest_edge: 256 }, do_center_crop: true, crop_size: crop }).made, [
      outside(256),
      crop,
    ]);
    const center = { size: { shortest_edge: 224 }, do_center_crop: true, crop_size: crop };
    const pool = { image_processor_type: 'PoolFormerImageProcessor', crop_pct: 0.9 };
    assert.deepEqual(resizeOf({ ...center, ...pool }).made, [outside(248), crop]);
    assert.deepEqual(resizeOf({ ...center, ...pool, size: crop }).made, [outside(248), crop]);
    assert.deepEqual(resizeOf({ ...center, ...pool, size: { height: 180, width: 270 }, crop_size: 200 }, 200).made, [
      { width: 300, height: 200, fit: 'fill' },
      { width: 200, height: 200 },
    ]);
    assert.deepEqual(resizeOf({ ...center, image_processor_type: 'LevitImageProcessor' }).made, [outside(256), crop]);
    assert.match(
      resizeOf({ size: { shortest_edge: 800, longest_edge: 1333 } }).note,
      /images of various sizes, but the model takes 224x224\. Give "image"/,
    );
    assert.match(
      resizeOf({ size: { height: 384, width: 384 } }).note,
      /it makes 384x384, but input 'images' FP32 \[-1,3,224,224\]/,
    );
    assert.match(
      resizeOf({ ...center, size: { shortest_edge: 256, longest_edge: 300 } }).note,
      /the longest_edge of its size is not supported/,
    );
    assert.match(resizeOf({ do_resize: false }).note, /does not resize/);
    assert.match(resizeOf({ size: crop, image_std: [1, 2] }).note, /are not three numbers each/);
  });

  it('reads a size of one number as the family does: both sides, or the shortest edge', () => {
    const resizeOf = (more: object, config: object = vit) =>
      of(config, { ...processor, ...more }, { input: [null, 3, 224, 224] }).json.image;
    const cut = { do_center_crop: true, crop_size: 224 };
    const square = (side: number) => ({ width: side, height: side });
    for (const [family, fit] of [
      ['ViTImageProcessor', 'fill'],
      ['DeiTFeatureExtractor', 'fill'],
      ['BeitImageProcessorFast', 'fill'],
      ['CLIPFeatureExtractor', 'outside'],
      ['BitImageProcessor', 'outside'],
      ['MobileNetV2ImageProcessor', 'outside'],
    ] as const) {
      const made = resizeOf({ image_processor_type: family, size: 256, ...cut });
      assert.deepEqual([made?.resize?.fit, made?.resize?.width, made?.crop], [fit, 256, square(224)], family);
    }
    assert.deepEqual(resizeOf({ size: 224 })?.resize, { ...square(224), fit: 'fill' });
    const bare = { ...vit, architectures: ['ResNetForImageClassification'] };
    assert.equal(resizeOf({ size: 256, ...cut }, bare)?.resize?.fit, 'outside');
  });

  it('makes the edge longer as ConvNeXt does it below 384, and takes both sides from there on', () => {
    const resizeOf = (shortest: number, family = 'ConvNextFeatureExtractor') => {
      const size = { size: { shortest_edge: shortest }, crop_pct: 0.875, feature_extractor_type: family };
      const { json, notes } = of(vit, { ...processor, ...size }, { input: [null, 3, shortest, shortest] });
      return json.image ? [json.image.resize, json.image.crop] : notes.at(-1);
    };
    const square = (side: number) => ({ width: side, height: side });
    assert.deepEqual(resizeOf(224), [{ ...square(256), fit: 'outside', rounding: 'down' }, square(224)]);
    assert.deepEqual(resizeOf(383), [{ ...square(437), fit: 'outside', rounding: 'down' }, square(383)]);
    assert.deepEqual(resizeOf(384), [{ ...square(384), fit: 'fill' }, undefined]);
    assert.match(String(resizeOf(224, 'ViTImageProcessor')), /its crop_pct is not known of this processor/);
  });

  it('takes one number for every channel, and never leaves values as they are where it was told to change them', () => {
    const imageOf = (more: object) => of(vit, { ...processor, ...more });
    const { json } = imageOf({ image_mean: 0.5, image_std: 0.25 });
    assert.deepEqual(
      [json.image?.mean, json.image?.std],
      [
        [0.5, 0.5, 0.5],
        [0.25, 0.25, 0.25],
      ],
    );
    for (const own of [
      { image_mean: undefined, image_std: undefined },
      { image_mean: [0.5] },
      { image_std: undefined },
    ]) {
      assert.match(imageOf(own).notes.at(-1) ?? '', /image_mean and image_std are not three numbers each/);
    }
    const plain = imageOf({ do_normalize: false, image_mean: undefined }).json.image;
    assert.deepEqual([plain?.mean, plain?.std, plain?.scale], [undefined, undefined, 0.5]);
    const mobile = { image_processor_type: 'MobileViTImageProcessor', do_normalize: undefined };
    assert.equal(imageOf(mobile).json.image?.mean, undefined);
    assert.deepEqual(imageOf({ ...mobile, do_normalize: true }).json.image?.mean, processor.image_mean);
    const divided = imageOf({ do_normalize: false, include_top: true }).json.image;
    assert.deepEqual([divided?.mean, divided?.std], [[0, 0, 0], processor.image_std]);
  });

  it('answers a classifier of one label with sigmoid, and one that measures with its number', () => {
    const activationOf = (more: object) =>
      of({ ...vit, id2label: { 0: 'nsfw' }, ...more }, processor, { outputs: { logits: [null, 1] } }).json
        .classification?.activation;
    assert.equal(activationOf({}), 'sigmoid');
    assert.equal(activationOf({ problem_type: 'regression' }), 'none');
    assert.equal(activationOf({ problem_type: 'single_label_classification' }), 'softmax');
  });

  it('takes the order of channels and the deviation as the processor uses them, and not what it cannot do', () => {
    const imageOf = (more: object) => of(vit, { ...processor, ...more });
    assert.equal(imageOf({ do_flip_channel_order: true }).json.image?.color, 'bgr');
    assert.equal(imageOf({ do_flip_channel_order: false }).json.image?.color, undefined);
    const twice = { image_mean: [0.5, 0.25, 0], image_std: [0.5, 0.25, 2], include_top: true };
    assert.deepEqual(imageOf(twice).json.image?.std, [0.25, 0.0625, 4]);
    for (const [key, more] of [
      ['rescale_offset', { rescale_offset: true }],
      ['keep_aspect_ratio', { keep_aspect_ratio: true }],
      ['do_thumbnail', { do_thumbnail: true }],
      ['pad_size', { do_pad: true, pad_size: { height: 96, width: 96 } }],
      ['size_divisor', { do_pad: true, size_divisor: 32 }],
      ['size_divisor', { size_divisor: 32 }],
      ['ensure_multiple_of', { ensure_multiple_of: 32 }],
    ] as const) {
      const { json, notes } = imageOf(more);
      assert.equal(json.image, undefined);
      assert.match(notes.at(-1) ?? '', new RegExp(`its ${key} is not supported\\. Give "image"`));
    }
    const alike = { do_pad: true, do_thumbnail: false, do_convert_rgb: true, pad_size: null, ensure_multiple_of: 1 };
    assert.deepEqual(imageOf(alike).json, imageOf({}).json);
  });

  it("resizes with the filter that Pillow's number means, and says where it is not done or not told", () => {
    const filterOf = (resample?: unknown) => {
      const { json, notes } = of(vit, { ...processor, resample });
      return [json.image?.resample, notes.at(-1)];
    };
    for (const [number, method] of ['nearest', 'lanczos', 'bilinear', 'bicubic', 'area'].entries()) {
      const found = `Found in preprocessor_config.json: how images are prepared (96x64, ${method}).`;
      assert.deepEqual(filterOf(number), [method, found]);
    }
    for (const [number, name] of [
      [5, 'hamming'],
      [6, '6'],
      [-1, '-1'],
      [1.5, '1.5'],
      ['cubic', '"cubic"'],
    ])
      assert.deepEqual(filterOf(number), [
        undefined,
        `Found in preprocessor_config.json, not used: its resize filter ${String(name)} is not supported. Give "image" in model.json.`,
      ]);
    const untold = 'preprocessor_config.json names no resize filter: bilinear is used.';
    assert.deepEqual(filterOf(), [undefined, untold]);
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
    assert.equal(detr('RTDetrForObjectDetection', 2).json.detection?.activation, 'sigmoid');
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
